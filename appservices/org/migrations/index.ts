import * as m001 from './001_org.ts';
import * as m002 from './002_directory_search.ts';
import * as m003 from './003_provision.ts';

export const migrations = { '001_org': m001, '002_directory_search': m002, '003_provision': m003 };
