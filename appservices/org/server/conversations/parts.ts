import type { DomainParts } from '@qiao/platform';
import { Value } from 'typebox/value';
import { orgEvents } from '../../contract/domain-events.ts';
import { homeserverDoor } from '../homeserver-door.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { Visibility } from '../visibility/visibility.service.ts';
import { conversationsRoutes, contactQuestions } from './conversations.routes.ts';
import { createConversations } from './conversations.service.ts';
import { openConversationHomeserver } from './homeserver.ts';

/** Direct chats and groups: made by a service user, joined by the server. */
export function conversationsParts(
  context: OrgContext,
  services: { roles: Roles; visibility: Visibility },
): DomainParts {
  const homeserver = openConversationHomeserver(context);
  const conversations = createConversations(context, { homeserver, visibility: services.visibility });
  return {
    routes: (http) => {
      conversationsRoutes(http, { conversations, roles: services.roles });
    },
    protocols: [
      homeserverDoor(context, (app) => {
        contactQuestions(app, conversations);
      }),
    ],
    subscriptions: [
      {
        event: 'org.person.ready',
        subscriber: 'org.accept-invitations',
        handle: async (payload) => {
          if (!Value.Check(orgEvents['org.person.ready'], payload)) return;
          await homeserver.acceptWaiting(payload.user_id);
        },
      },
    ],
    stop: () => homeserver.close(),
  };
}
