import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  brandCss,
  brandJson,
  brandManifest,
  BrandError,
  brandStamp,
  defaultBrand,
  languages,
  readBrand,
  type Brand,
  type BrandFile,
} from './brand.ts';

/** How long (ms) the folder is not looked at again. */
const FRESH = 1_000;

/** The brand of a folder as it is now: a change counts without a restart, a broken one leaves the last that was whole. */
export class LiveBrand {
  readonly #folder: string;
  readonly #report: (problem: string) => void;
  #brand: Brand = defaultBrand;
  #stamp: string | undefined;
  #looked = 0;

  /** @param report is told what is wrong with a brand, once for each change */
  constructor(folder: string, report: (problem: string) => void) {
    this.#folder = folder;
    this.#report = report;
  }

  get current(): Brand {
    const now = Date.now();
    if (now - this.#looked < FRESH) return this.#brand;
    this.#looked = now;
    let text = '';
    try {
      text = readFileSync(join(this.#folder, 'brand.json'), 'utf8');
    } catch {
      // None: the default.
    }
    const stamp = brandStamp(this.#folder, text);
    if (stamp === this.#stamp) return this.#brand;
    this.#stamp = stamp;
    try {
      this.#brand = readBrand(this.#folder);
    } catch (error) {
      if (!(error instanceof BrandError)) throw error;
      this.#report(error.message);
    }
    return this.#brand;
  }
}

function send(request: FastifyRequest, reply: FastifyReply, type: string, body: string): FastifyReply {
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  reply.header('cache-control', 'no-cache').header('etag', tag);
  const asked = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''));
  return asked.includes(tag) ? reply.code(304).send() : reply.type(type).send(body);
}

/** `/brand.json`, `/brand.css`, `/manifest.webmanifest` and the pictures of the brand. */
export function brandRoutes(app: FastifyInstance, live: LiveBrand): void {
  app.get('/brand.json', (request, reply) =>
    send(request, reply, 'application/json; charset=utf-8', JSON.stringify(brandJson(live.current))),
  );
  app.get('/brand.css', (request, reply) =>
    send(request, reply, 'text/css; charset=utf-8', brandCss(live.current)),
  );
  app.get('/manifest.webmanifest', (request, reply) => {
    const { lang } = request.query as { lang?: unknown };
    const brand = live.current;
    const language = languages.find((one) => one === lang && brand.offered.includes(one)) ?? brand.language;
    return send(
      request,
      reply,
      'application/manifest+json; charset=utf-8',
      JSON.stringify(brandManifest(brand, language)),
    );
  });
  app.get('/brand/:file', (request, reply) => {
    const { current } = live;
    const files: readonly (BrandFile | undefined)[] = [
      current.logo?.light,
      current.logo?.dark,
      current.icon,
      current.maskable,
      current.background,
    ];
    const path = request.url.split('?', 1)[0];
    const found = files.find((file) => file?.url === path);
    if (!found)
      return reply.code(404).send({ errcode: 'M_NOT_FOUND', error: 'There is nothing at this address.' });
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type(found.type)
      .send(found.body);
  });
}
