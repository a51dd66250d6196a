import { requireActor, type Http } from '@qiao/platform';
import { PutPause, PutSettings, Settings } from '../../contract/index.ts';
import type { Base } from '../context.ts';
import { requirePerson } from '../people.ts';
import type { SettingsService } from './settings.service.ts';

/** `/settings`: each for themselves. */
export function settingsRoutes(http: Http, { org }: Base, settings: SettingsService): void {
  const tags = ['reminders'];
  http.get(
    '/settings',
    { schema: { tags, summary: 'Quiet hours and reminders of the caller', response: { 200: Settings } } },
    async (request) => {
      const { user_id } = await requirePerson(org, requireActor(request));
      return (await settings.of([user_id]))(user_id);
    },
  );
  http.put(
    '/settings',
    {
      schema: {
        tags,
        summary: 'Change quiet hours and reminders',
        body: PutSettings,
        response: { 200: Settings },
      },
    },
    async (request) => {
      const { user_id } = await requirePerson(org, requireActor(request));
      return settings.put(user_id, request.body);
    },
  );
  http.put(
    '/settings/pause',
    {
      schema: {
        tags,
        summary: 'Do not disturb the caller for a while',
        body: PutPause,
        response: { 200: Settings },
      },
    },
    async (request) => {
      const { user_id } = await requirePerson(org, requireActor(request));
      return settings.pause(user_id, request.body.until);
    },
  );
}
