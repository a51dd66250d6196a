// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { catalogues } from '../strings/index.ts';
import { UnreadCount } from './UnreadCount.tsx';

afterEach(cleanup);

test.each([
  { unread: 0, mentions: 0, quiet: false, says: '', looks: undefined },
  { unread: 3, mentions: 0, quiet: false, says: '33 unread', looks: 'false false' },
  { unread: 120, mentions: 0, quiet: true, says: '99+120 unread', looks: 'false true' },
  { unread: 3, mentions: 1, quiet: true, says: '33 unread, 1 mention', looks: 'true true' },
])('$unread unread, $mentions mentions, quiet: $quiet', async ({ says, looks, ...given }) => {
  const services = await testServices({ answer: () => undefined, catalogues });
  const { container } = renderView(<UnreadCount {...given} />, services);
  expect(container.textContent).toBe(says);
  const badge = container.querySelector<HTMLElement>('.c-unread');
  expect(badge ? `${badge.dataset['mention'] ?? ''} ${badge.dataset['quiet'] ?? ''}` : undefined).toBe(looks);
});
