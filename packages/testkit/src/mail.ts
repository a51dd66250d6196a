import { paths } from '@qiao/scripts/stack';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

const run = promisify(execFile);

/** A mail as it came over SMTP. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly raw: string;
  readonly parsed: Email;
}

/** A real SMTP server on loopback, with a certificate of its own authority. */
export interface TestMailServer {
  readonly port: number;
  /** Path of the authority's certificate (PEM). */
  readonly caFile: string;
  readonly mails: readonly ReceivedMail[];
  /** Tries to name a recipient, also those that were refused. */
  readonly asked: readonly string[];
  /** Answers RCPT of this address with this code until `undefined`. */
  answer(address: string, code: number | undefined): void;
  /** Goes away: connections are refused until `start`. */
  stop(): Promise<void>;
  /** Comes (back) on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** `login`: who may send; without: anybody. `starttls: false`: offers none. */
export async function startMailServer(
  options: { login?: { user: string; pass: string }; starttls?: boolean; tls?: boolean } = {},
): Promise<TestMailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-mail-'));
  await run(paths.python, [paths.certificates, folder, 'mail']);
  const pem = (name: string): Buffer => readFileSync(join(folder, name));
  const mails: ReceivedMail[] = [];
  const asked: string[] = [];
  const codes = new Map<string, number>();
  const { login } = options;
  let server: SMTPServer | undefined;
  let port = 0;
  const create = (): SMTPServer =>
    new SMTPServer({
      secure: options.tls === true,
      key: pem('mail.key'),
      cert: pem('mail.pem'),
      authOptional: login === undefined,
      disabledCommands: [
        ...(login === undefined ? ['AUTH'] : []),
        ...(options.starttls === false ? ['STARTTLS'] : []),
      ],
      onAuth(auth, _session, done) {
        if (login && auth.username === login.user && auth.password === login.pass)
          done(null, { user: login.user });
        else done(Object.assign(new Error('wrong user or password'), { responseCode: 535 }));
      },
      onRcptTo({ address }, _session, done) {
        asked.push(address);
        const code = codes.get(address);
        if (code === undefined) done();
        else done(Object.assign(new Error(`not ${address}`), { responseCode: code }));
      },
      onData(stream, session, done) {
        void text(stream).then(async (raw) => {
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            secure: session.secure,
            user: typeof session.user === 'string' ? session.user : undefined,
            raw,
            parsed: await PostalMime.parse(raw),
          });
          done();
        }, done);
      },
    });
  const start = async (): Promise<void> => {
    const next = create();
    // A client that goes away in the middle is no matter of the test's.
    next.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    const at = next.server.address();
    if (at === null || typeof at === 'string') throw new Error('the mail server has no port');
    port = at.port;
    server = next;
  };
  const stop = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    if (ending) await new Promise<void>((resolve) => ending.close(resolve));
  };
  await start();
  return {
    get port() {
      return port;
    },
    caFile: join(folder, 'ca.pem'),
    mails,
    asked,
    answer(address, code) {
      if (code === undefined) codes.delete(address);
      else codes.set(address, code);
    },
    start,
    stop,
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
