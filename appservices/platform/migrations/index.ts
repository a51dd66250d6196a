import * as m001 from './001_platform.ts';

export const migrations = { '001_platform': m001 };
