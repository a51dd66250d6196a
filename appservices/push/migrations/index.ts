import * as m001 from './001_push.ts';

export const migrations = { '001_push': m001 };
