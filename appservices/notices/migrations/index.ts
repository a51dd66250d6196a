import * as m001 from './001_notices.ts';

export const migrations = { '001_notices': m001 };
