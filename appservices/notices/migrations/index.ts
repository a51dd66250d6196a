import * as m001 from './001_notices.ts';
import * as m002 from './002_obligations_by_room.ts';
import * as m003 from './003_waiting_recipients.ts';

export const migrations = {
  '001_notices': m001,
  '002_obligations_by_room': m002,
  '003_waiting_recipients': m003,
};
