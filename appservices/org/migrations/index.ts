import * as m001 from './001_org.ts';
import * as m002 from './002_directory_search.ts';
import * as m003 from './003_provision.ts';
import * as m004 from './004_imports.ts';
import * as m005 from './005_scim.ts';
import * as m006 from './006_large_imports.ts';
import * as m007 from './007_keys.ts';
import * as m008 from './008_conversations.ts';
import * as m009 from './009_leaving.ts';
import * as m010 from './010_bot_speaks.ts';
import * as m011 from './011_sign_in.ts';
import * as m012 from './012_names.ts';
import * as m013 from './013_names_and_links.ts';

export const migrations = {
  '001_org': m001,
  '002_directory_search': m002,
  '003_provision': m003,
  '004_imports': m004,
  '005_scim': m005,
  '006_large_imports': m006,
  '007_keys': m007,
  '008_conversations': m008,
  '009_leaving': m009,
  '010_bot_speaks': m010,
  '011_sign_in': m011,
  '012_names': m012,
  '013_names_and_links': m013,
};
