// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import type { AskToSend } from '../reading/AskViewModel.ts';
import type { ComposerDeps } from './composer-types.ts';
import { ComposerViewModel, MAX_CONTENT_BYTES } from './ComposerViewModel.ts';
import type { Writing } from './editor/writing.ts';

const ask = (text: string | undefined): AskToSend => ({
  userIds: ['@li:x'],
  content: { 'im.qiao.question': { asked: ['@li:x'] } },
  text,
});

/** A composer in which something is written, in a room where one may (not) write. */
function compose(written: string, maySend = true) {
  const send = vi.fn(() => Promise.resolve('$e'));
  const clear = vi.fn();
  const message = vi.fn(() => Promise.resolve({ body: written, userIds: [], room: false }));
  const room = {
    getMyMembership: () => 'join',
    getLiveTimeline: () => ({ getState: () => undefined }),
    hasEncryptionStateEvent: () => false,
    maySendMessage: () => maySend,
  };
  const deps: unknown = {
    matrix: {
      client: { getRoom: () => room },
      drafts: { get: () => undefined, put: () => undefined },
      sender: { send, typing: () => undefined },
    },
    roomId: '!r:x',
    threadId: undefined,
    target: { clear: () => undefined },
  };
  const model = new ComposerViewModel(deps as ComposerDeps);
  const given: unknown = { isBlank: () => written === '', message, clear };
  const writing = given as Writing;
  model.onReady(writing);
  return { model, send, clear, message, writing };
}

test('a question that cannot be sent stays where it is written, and says why', async () => {
  const long = 'x'.repeat(MAX_CONTENT_BYTES);
  for (const [composer, text, why] of [
    [compose(long), undefined, 'too_long'],
    [compose(''), long, 'too_long'],
    [compose(' '), undefined, 'nothing'],
    [compose('Hi', false), undefined, 'barrier'],
  ] as const) {
    expect(await composer.model.sendAsk(ask(text))).toEqual({ taken: false, why });
    expect(composer.send).not.toHaveBeenCalled();
    expect(composer.clear).not.toHaveBeenCalled();
  }
});

test('a question waits for the message that is just being sent; then it is on its way', async () => {
  const { model, send, clear, message } = compose('合同何时能签？');
  const reading = Promise.withResolvers<{ body: string; userIds: []; room: false }>();
  message.mockReturnValueOnce(reading.promise);
  const first = model.sendAsk(ask(undefined));
  expect(await model.sendAsk(ask('另一个'))).toEqual({ taken: false, why: 'busy' });
  reading.resolve({ body: '合同何时能签？', userIds: [], room: false });
  const answer = await first;
  expect(answer.taken && (await answer.sent)).toBe('$e');
  expect(send).toHaveBeenCalledTimes(1);
  expect(clear).toHaveBeenCalledTimes(1);
});

test.each([
  // Where a line is taken, and what is held with Enter, whether it sends.
  [false, {}, true],
  [true, {}, false],
  [true, { ctrlKey: true }, true],
  [false, { shiftKey: true }, false],
])('Enter where code or a list goes on (%j) with %j sends: %j', async (takesLines, held, sends) => {
  const { model, send, writing } = compose('Hi');
  model.onReady({ ...writing, takesLines: () => takesLines });
  expect(model.onKey(new KeyboardEvent('keydown', { key: 'Enter', ...held }))).toBe(sends);
  await vi.waitFor(() => {
    expect(send).toHaveBeenCalledTimes(sends ? 1 : 0);
  });
});
