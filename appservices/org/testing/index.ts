export * from './builders.ts';
export * from './company.ts';
