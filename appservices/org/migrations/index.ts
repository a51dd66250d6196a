import * as m001 from './001_org.ts';

export const migrations = { '001_org': m001 };
