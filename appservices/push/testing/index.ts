import { createDecipheriv, createECDH, hkdfSync, randomBytes, type ECDH } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Reads a message as a browser does (RFC 8291); written apart from the server's encryption. */
export function decryptMessage(body: Buffer, browser: ECDH, auth: Buffer): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + (body[20] ?? 0));
  const sealed = body.subarray(21 + sender.length);
  const hkdf = (key: Buffer, with_: Buffer, info: Buffer, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, with_, info, length));
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), sender]);
  const secret = hkdf(browser.computeSecret(sender), auth, info, 32);
  const key = hkdf(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString('utf8');
}

/** What a push service got. */
export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A push service on this machine, in the place of a browser vendor's. */
export class PushService {
  readonly got: Delivery[] = [];
  readonly #answers = new Map<string, number[]>();
  readonly #server: Server;
  origin = '';

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const path = request.url ?? '';
        this.got.push({ path, headers: request.headers, body: Buffer.concat(parts) });
        response.writeHead(this.#answers.get(path)?.shift() ?? 201).end();
      });
    });
  }

  /** @param port 0: any that is free. A running installation lets in only those of its `inside_endpoints` */
  static async start(port = 0): Promise<PushService> {
    const service = new PushService();
    await new Promise<void>((resolve, reject) => {
      service.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    service.origin = `http://127.0.0.1:${(service.#server.address() as AddressInfo).port}`;
    return service;
  }

  /** Status of the next answers to messages for that browser's path; afterwards 201, as before. */
  answer(path: string, ...statuses: number[]): void {
    this.#answers.set(path, statuses);
  }

  /** A browser that subscribes here. */
  browser(): {
    subscription: { endpoint: string; keys: { p256dh: string; auth: string }; label: string };
    read: (delivery: Delivery) => Record<string, unknown>;
  } {
    const ecdh = createECDH('prime256v1');
    const point = ecdh.generateKeys();
    const auth = randomBytes(16);
    return {
      subscription: {
        endpoint: `${this.origin}/${randomBytes(8).toString('hex')}`,
        keys: { p256dh: point.toString('base64url'), auth: auth.toString('base64url') },
        label: 'Chrome, Linux',
      },
      read: ({ body }) => JSON.parse(decryptMessage(body, ecdh, auth)) as Record<string, unknown>,
    };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
