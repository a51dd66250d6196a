import * as m001 from './001_notices.ts';
import * as m002 from './002_obligations_by_room.ts';
import * as m003 from './003_waiting_recipients.ts';
import * as m004 from './004_do_not_disturb.ts';

export const migrations = {
  '001_notices': m001,
  '002_obligations_by_room': m002,
  '003_waiting_recipients': m003,
  '004_do_not_disturb': m004,
};
