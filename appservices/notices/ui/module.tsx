import AnswerIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle';
import NoticeIcon from '@vector-im/compound-design-tokens/assets/web/icons/public';
import QuietIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications';
import { holds, type DomainUi } from '@qiao/ui-kit';
import { watchNotices, watchOwed } from './badges.ts';

/** What notices and reminders show in the client. */
export const noticesUi: DomainUi = {
  id: 'notices',
  strings: {
    'zh-Hans': () => import('./strings/zh_Hans.json'),
    en: () => import('./strings/en.json'),
  },
  client: {
    pages: [
      {
        path: 'answer',
        nav: {
          order: 20,
          title: 'notices:nav.answer',
          Icon: AnswerIcon,
          to: '/x/notices/answer',
          badge: watchOwed,
        },
        allowed: (session) => session.personId !== undefined,
        load: () => import('./AnswerView/AnswerView.tsx'),
      },
      {
        path: 'notices/:id?',
        nav: {
          order: 21,
          title: 'notices:nav.notices',
          Icon: NoticeIcon,
          to: '/x/notices/notices',
          badge: watchNotices,
        },
        allowed: (session) => session.personId !== undefined,
        load: () => import('./NoticesView/NoticesView.tsx'),
      },
      {
        path: 'sent/:id?',
        allowed: (session) => holds(session, 'notices.notice.send'),
        load: () => import('./NoticesView/SentView.tsx'),
      },
      {
        path: 'compose/:id?',
        allowed: (session) => holds(session, 'notices.notice.send'),
        load: () => import('./ComposeView/ComposeView.tsx'),
      },
    ],
    settings: [
      {
        id: 'reminders',
        title: 'notices:settings.title',
        Icon: QuietIcon,
        load: () => import('./SettingsView/SettingsView.tsx'),
      },
    ],
  },
};
