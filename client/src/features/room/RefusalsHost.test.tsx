// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { expect, test } from 'vitest';
import { MatrixContext } from '../../matrix/context.tsx';
import type { Refusal } from '../../matrix/sender.ts';
import type { MatrixSession } from '../../matrix/session.ts';
import { catalogues } from '../../strings/index.ts';
import { RefusalsHost } from './RefusalsHost.tsx';

test('a refusal is told with the conversation, whichever is open', async () => {
  const services = await testServices({ answer: () => undefined, catalogues });
  let tell: ((refusal: Refusal) => void) | undefined;
  const matrix = {
    sender: {
      watchRefusals: (work: typeof tell) => {
        tell = work;
        return () => undefined;
      },
    },
    client: { getRoom: (roomId: string) => (roomId === '!a:x' ? { name: '值班群' } : null) },
  } as unknown as MatrixSession;
  renderView(
    <MatrixContext value={matrix}>
      <RefusalsHost />
    </MatrixContext>,
    services,
  );
  tell?.({ roomId: '!a:x', deletion: true, reason: 'M_FORBIDDEN' });
  tell?.({ roomId: '!a:x', deletion: false, reason: 'M_NOT_FOUND' });
  const texts = services.toasts.getSnapshot().toasts.map((toast) => toast.text);
  expect(texts).toHaveLength(2);
  for (const text of texts) expect(text).toContain('值班群');
  expect(texts[0]).toContain(services.i18n.t('room:unsent.failed_deletion'));
  expect(texts[1]).toContain(services.i18n.t('room:refused_quiet'));
});
