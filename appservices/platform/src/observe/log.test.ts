import { expect, it } from 'vitest';
import { createLog } from './log.ts';

it('never writes message content or credentials', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', name: 'test', destination: { write: (line) => lines.push(line) } });
  log.info(
    { event: { content: { body: '机密' } }, access_token: 'syt_x', headers: { authorization: 'Bearer y' } },
    'seen',
  );
  log.child({ room: '!a:b' }).warn({ body: '机密' }, 'again');
  const text = lines.join('');
  expect(text).toContain('"room":"!a:b"');
  expect(text).toContain('[removed]');
  expect(text).not.toMatch(/机密|syt_x|Bearer y/);
});
