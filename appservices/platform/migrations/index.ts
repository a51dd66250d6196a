import * as m001 from './001_platform.ts';
import * as m002 from './002_mail.ts';
import * as m003 from './003_acts.ts';

export const migrations = { '001_platform': m001, '002_mail': m002, '003_acts': m003 };
