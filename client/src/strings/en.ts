import activate from '../features/activate/strings/en.json';
import app from '../app/strings/en.json';
import rooms from '../features/rooms/strings/en.json';
import composer from '../features/composer/strings/en.json';
import directory from '../features/directory/strings/en.json';
import finder from '../features/finder/strings/en.json';
import keys from '../features/keys/strings/en.json';
import notifications from '../features/notifications/strings/en.json';
import password from '../features/password/strings/en.json';
import reading from '../features/reading/strings/en.json';
import room from '../features/room/strings/en.json';
import search from '../features/search/strings/en.json';
import settings from '../features/settings/strings/en.json';
import signin from '../features/signin/strings/en.json';
import start from '../features/start/strings/en.json';

/** The client's texts: one line for each area, which keeps its own. */
export default {
  activate,
  app,
  composer,
  directory,
  finder,
  keys,
  notifications,
  password,
  reading,
  room,
  rooms,
  search,
  settings,
  signin,
  start,
};
