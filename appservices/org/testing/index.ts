export * from './builders.ts';
export * from './company.ts';
export * from './hr-file.ts';
