import { lazyView } from '@qiao/ui-kit';

/* The pages of somebody who is signed in, each loaded when it is first shown or before (`warm.ts`). */

export const Chats = lazyView(() => import('../features/rooms/ChatsView.tsx'));
export const Search = lazyView(() => import('../features/search/SearchView.tsx'));
export const Directory = lazyView(() => import('../features/directory/DirectoryView.tsx'));
export const Person = lazyView(() => import('../features/directory/PersonView.tsx'));
export const ReadingLines = lazyView(() => import('../features/reading/ReadingLines.tsx'));
export const Settings = lazyView(() => import('../features/settings/SettingsView.tsx'));
export const NotifierHost = lazyView(() => import('../features/notifications/NotifierHost.tsx'));
export const KeysHost = lazyView(() => import('../features/keys/KeysHost.tsx'));
