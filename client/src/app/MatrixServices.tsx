import { makeServices, ServicesProvider, useGo, useServices } from '@qiao/ui-kit';
import { useMemo, type ReactNode } from 'react';
import { BESIDE, personFrom } from '../features/directory/person-path.ts';
import { useMatrix } from '../matrix/context.tsx';

/** Lines in place of a message that this device cannot show (yet). */
const CLOSED: ReadonlySet<string> = new Set(['unreadable', 'decrypting']);

/** Lets domains' views send events and show conversations and people. */
export function MatrixServices({ children }: { children: ReactNode }): ReactNode {
  const services = useServices();
  const { timelines, reading, drafts } = useMatrix();
  const go = useGo();
  const extended = useMemo(
    () =>
      makeServices({
        ...services,
        matrix: {
          send: (roomId, type, content) => timelines.send(roomId, type, content),
          openRoom: (roomId, eventId) => {
            const query = eventId === undefined ? '' : `?event=${encodeURIComponent(eventId)}`;
            void go(`/room/${encodeURIComponent(roomId)}${query}`);
          },
          glance: async (roomId, eventId) => {
            const found = await reading.glance(roomId, eventId);
            if (!found) return undefined;
            const { room, preview, whole } = found;
            const text =
              'text' in preview
                ? preview.text
                : services.i18n.t(`room:preview.${preview.key}`, preview.values);
            const isClosed = 'key' in preview && CLOSED.has(preview.key);
            return { room, text, readable: !isClosed, whole };
          },
          openPerson: (userId) => {
            const { pathname, search } = location;
            const isOverPanel = new URLSearchParams(search).has('panel');
            void go(personFrom(pathname, userId), isOverPanel ? { state: BESIDE } : {});
          },
          draft: (form) => drafts.form(form),
        },
      }),
    [services, timelines, reading, drafts, go],
  );
  return <ServicesProvider services={extended}>{children}</ServicesProvider>;
}
