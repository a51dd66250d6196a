import activate from '../features/activate/strings/zh_Hans.json';
import app from '../app/strings/zh_Hans.json';
import rooms from '../features/rooms/strings/zh_Hans.json';
import composer from '../features/composer/strings/zh_Hans.json';
import directory from '../features/directory/strings/zh_Hans.json';
import finder from '../features/finder/strings/zh_Hans.json';
import keys from '../features/keys/strings/zh_Hans.json';
import notifications from '../features/notifications/strings/zh_Hans.json';
import password from '../features/password/strings/zh_Hans.json';
import reading from '../features/reading/strings/zh_Hans.json';
import room from '../features/room/strings/zh_Hans.json';
import search from '../features/search/strings/zh_Hans.json';
import settings from '../features/settings/strings/zh_Hans.json';
import signin from '../features/signin/strings/zh_Hans.json';
import start from '../features/start/strings/zh_Hans.json';

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
