import ActivationIcon from '@vector-im/compound-design-tokens/assets/web/icons/key';
import AuditIcon from '@vector-im/compound-design-tokens/assets/web/icons/history';
import ImportIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import LeaveIcon from '@vector-im/compound-design-tokens/assets/web/icons/leave';
import MailIcon from '@vector-im/compound-design-tokens/assets/web/icons/email';
import RolesIcon from '@vector-im/compound-design-tokens/assets/web/icons/admin';
import SourcesIcon from '@vector-im/compound-design-tokens/assets/web/icons/cloud';
import TreeIcon from '@vector-im/compound-design-tokens/assets/web/icons/tree';
import UserIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import VisibleIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-on';
import { holds, type DomainUi } from '@qiao/ui-kit';

/** What the organisation shows in the console. */
export const orgUi: DomainUi = {
  id: 'org',
  strings: {
    'zh-Hans': () => import('./strings/zh_Hans.json'),
    en: () => import('./strings/en.json'),
  },
  console: {
    overview: () => import('./OverviewView/OverviewView.tsx'),
    health: {
      allowed: (session) => holds(session, 'org.installation.read', 'company'),
      load: () => import('./ProvisioningView/ProvisioningView.tsx'),
    },
    pages: [
      {
        path: 'departments/:id?',
        nav: {
          group: 'directory',
          order: 1,
          title: 'org:nav.departments',
          Icon: TreeIcon,
          to: '/departments',
        },
        allowed: (session) => holds(session, 'org.department.read'),
        load: () => import('./DepartmentsView/DepartmentsView.tsx'),
      },
      {
        path: 'people/:id?',
        nav: { group: 'directory', order: 2, title: 'org:nav.people', Icon: UserIcon, to: '/people' },
        allowed: (session) => holds(session, 'org.person.read'),
        load: () => import('./PeopleView/PeopleView.tsx'),
      },
      {
        path: 'activation',
        nav: {
          group: 'directory',
          order: 3,
          title: 'org:nav.activation',
          Icon: ActivationIcon,
          to: '/activation',
        },
        allowed: (session) => holds(session, 'org.person.edit'),
        load: () => import('./ActivationView/ActivationView.tsx'),
      },
      {
        path: 'leavers',
        nav: { group: 'directory', order: 4, title: 'org:nav.leavers', Icon: LeaveIcon, to: '/leavers' },
        allowed: (session) => holds(session, 'org.person.offboard'),
        load: () => import('./LeaversView/LeaversView.tsx'),
      },
      {
        path: 'leavers/:id',
        allowed: (session) => holds(session, 'org.person.offboard'),
        load: () => import('./LeaversView/LeaverView.tsx'),
      },
      {
        path: 'import',
        nav: { group: 'directory', order: 5, title: 'org:nav.import', Icon: ImportIcon, to: '/import' },
        allowed: (session) => holds(session, 'org.import.run', 'company'),
        load: () => import('./ImportView/ImportsView.tsx'),
      },
      {
        path: 'import/:id',
        allowed: (session) => holds(session, 'org.import.run', 'company'),
        load: () => import('./ImportView/ImportView.tsx'),
      },
      {
        path: 'sources',
        nav: { group: 'directory', order: 6, title: 'org:nav.sources', Icon: SourcesIcon, to: '/sources' },
        allowed: (session) => holds(session, 'org.source.edit', 'company'),
        load: () => import('./SourcesView/SourcesView.tsx'),
      },
      {
        path: 'roles',
        nav: { group: 'rules', order: 1, title: 'org:nav.roles', Icon: RolesIcon, to: '/roles' },
        allowed: (session) => holds(session, 'org.role.read'),
        load: () => import('./RolesView/RolesView.tsx'),
      },
      {
        path: 'visibility',
        nav: { group: 'rules', order: 2, title: 'org:nav.visibility', Icon: VisibleIcon, to: '/visibility' },
        allowed: (session) => holds(session, 'org.visibility.edit', 'company'),
        load: () => import('./VisibilityView/VisibilityView.tsx'),
      },
      {
        path: 'mail',
        nav: { group: 'system', order: 2, title: 'org:nav.mail', Icon: MailIcon, to: '/mail' },
        allowed: (session) => holds(session, 'org.person.edit'),
        load: () => import('./MailView/MailView.tsx'),
      },
      {
        path: 'acts',
        nav: { group: 'system', order: 3, title: 'org:nav.acts', Icon: AuditIcon, to: '/acts' },
        allowed: (session) => holds(session, 'org.installation.read', 'company'),
        load: () => import('./ActsView/ActsView.tsx'),
      },
    ],
  },
};
