import type { Kysely } from 'kysely';
import type { Static, TSchema } from 'typebox';
import type { Access, PermissionDefinition } from './access/access.ts';
import type { Clock, Random } from './clock.ts';
import type { Site } from './config/site.ts';
import type { Acts } from './db/acts.ts';
import type { Migrations } from './db/migrate.ts';
import type { ErrorTable } from './errors.ts';
import type { DomainEvents, Subscription } from './events.ts';
import type { Http } from './http/http.ts';
import type { Protocol } from './http/protocol.ts';
import type { Sessions } from './http/session.ts';
import type { Catalogues, Texts } from './i18n/texts.ts';
import type { Job, JobQueue } from './jobs/jobs.ts';
import type { Mail } from './mail/mail.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import type { HomeserverAccess } from './homeserver.ts';
import type { MatrixEventHandler } from './pushed-event.ts';

/**
 * A user of the domain that makes rooms and memberships without being asked by anybody: our Synapse module acts as
 * those alone (`service_users`).
 */
export interface ServiceUser {
  /** One of the domain's bots. */
  readonly localpart: string;
  /** `internal`: its rooms never federate; `any`: those with somebody outside do. */
  readonly rooms: 'internal' | 'any';
}

/** What a domain claims for itself; two domains claiming the same thing is an error at boot. */
export interface Claims {
  /** Matrix event types it defines (`m.…` of others are not claimed). */
  readonly eventTypes: readonly string[];
  /** Localparts of its bots; all of them begin with `_qiao_<domain>`. */
  readonly bots: readonly string[];
  readonly permissions: readonly PermissionDefinition[];
  /** Those of its users as which our Synapse module may act; see `ServiceUser`. */
  readonly serviceUsers?: readonly ServiceUser[];
  /** Domain events it publishes, `<domain>.<noun>.<past verb>`. */
  readonly domainEvents: readonly string[];
}

/** Everything a domain is given at start. */
export interface DomainContext<C = unknown> {
  readonly id: string;
  readonly config: C;
  readonly site: Site;
  /** Sees the whole database by its role, uses only its own schema by rule. */
  readonly db: Kysely<unknown>;
  readonly queue: JobQueue;
  readonly events: DomainEvents;
  readonly access: Access;
  readonly sessions: Sessions;
  readonly acts: Acts;
  readonly texts: Texts;
  readonly mail: Mail;
  readonly homeserver: HomeserverAccess;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  /** A read interface that a domain named in `needs` has offered; its contract names key and type. */
  use(contract: string): unknown;
}

/** What a part may say about itself beside whether it is well; each has a text in the console. */
export const healthCodes = [
  'no_answer',
  'queue',
  'queue_silent',
  'reading',
  'waiting_for_homeserver',
  'work_open',
  'work_stopped',
] as const;
export type HealthCode = (typeof healthCodes)[number];

export interface HealthReport {
  readonly ok: boolean;
  /** Short, in English, without secrets; for logs and operators at a terminal. */
  readonly detail?: string;
  /** The same for the console, which has a text for it in every language: `health.details.<code>` of its catalogue. */
  readonly code?: HealthCode;
  readonly params?: Readonly<Record<string, number>>;
}

/** A command of the host's command line: `main.ts <domain> <command>`. */
export interface Command {
  readonly help: string;
  run(args: readonly string[], print: (line: string) => void): Promise<number>;
}

/** What a domain's `setup` hands back; every part is optional. */
export interface DomainParts {
  /** Registered below `/api/<domain>`; a session is needed unless a route says `config: { public: true }`. */
  readonly routes?: (http: Http) => void | Promise<void>;
  /** Registered at the given prefix outside `/api`, for protocols with paths or logins of their own (SCIM). */
  readonly protocols?: readonly Protocol[];
  readonly jobs?: readonly Job[];
  readonly subscriptions?: readonly Subscription[];
  /** Events the homeserver pushes for this domain's registration; there if and only if the manifest says `hears`. */
  readonly onMatrixEvent?: MatrixEventHandler;
  readonly health?: Readonly<Record<string, () => Promise<HealthReport>>>;
  /** Read interfaces for domains that need this one, by the name their contract gives. */
  readonly offers?: Readonly<Record<string, unknown>>;
  readonly commands?: Readonly<Record<string, Command>>;
  /** After migrations and all `setup`s, before any job runs: what an upgrade has left to be made anew. */
  readonly prepare?: () => Promise<void>;
  /** After all `prepare`s; bots start here. */
  readonly start?: () => Promise<void>;
  /** In reverse order, before the database closes. */
  readonly stop?: () => Promise<void>;
}

/** A domain's `module.ts`. */
export interface DomainModule<S extends TSchema = TSchema> {
  /** Lower-case word: URL prefix `/api/<id>`, PostgreSQL schema `<id>`, registration `qiao-<id>`. */
  readonly id: string;
  readonly needs: readonly string[];
  readonly config: S;
  readonly claims: Claims;
  readonly errors: ErrorTable<string>;
  readonly texts: Catalogues;
  readonly migrations: Migrations;
  /** `true`: needs an appservice registration even without bots. */
  readonly registration?: boolean;
  /** `true`: the homeserver pushes the events of its users' rooms to `onMatrixEvent`; else nothing is pushed. */
  readonly hears?: boolean;
  setup(context: DomainContext<Static<S>>): Promise<DomainParts> | DomainParts;
}

/** Keeps the config's type inside the manifest; the host sees modules of any config. */
export function defineModule<S extends TSchema>(module: DomainModule<S>): DomainModule {
  return module;
}

export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const ID = /^[a-z][a-z0-9]{1,20}$/;

/**
 * Checks manifests against each other and orders them by `needs`.
 * @throws ManifestError naming both sides of a clash, a missing need, or a cycle.
 */
export function orderModules(modules: readonly DomainModule[]): DomainModule[] {
  const byId = new Map<string, DomainModule>();
  const owners = new Map<string, string>();
  const claim = (what: string, owner: string): void => {
    const other = owners.get(what);
    if (other !== undefined) throw new ManifestError(`${what} is claimed by ${other} and by ${owner}`);
    owners.set(what, owner);
  };
  for (const module of modules) {
    if (!ID.test(module.id)) throw new ManifestError(`Not a domain id: ${module.id}`);
    if (module.id === 'platform') throw new ManifestError('platform is not a domain');
    claim(`domain id ${module.id}`, module.id);
    byId.set(module.id, module);
    for (const type of module.claims.eventTypes) claim(`event type ${type}`, module.id);
    for (const bot of module.claims.bots) {
      if (!bot.startsWith(`_qiao_${module.id}`)) {
        throw new ManifestError(`Bot ${bot} of ${module.id} has to begin with _qiao_${module.id}`);
      }
      claim(`bot ${bot}`, module.id);
    }
    for (const { localpart } of module.claims.serviceUsers ?? []) {
      if (!module.claims.bots.includes(localpart))
        throw new ManifestError(`Service user ${localpart} of ${module.id} is none of its bots`);
    }
    for (const { name } of module.claims.permissions) {
      if (!name.startsWith(`${module.id}.`)) {
        throw new ManifestError(`Permission ${name} of ${module.id} has to begin with ${module.id}.`);
      }
      claim(`permission ${name}`, module.id);
    }
    for (const name of module.claims.domainEvents) claim(`domain event ${name}`, module.id);
  }
  const ordered: DomainModule[] = [];
  const state = new Map<string, 'visiting' | 'done'>();
  const visit = (module: DomainModule, path: readonly string[]): void => {
    if (state.get(module.id) === 'done') return;
    if (state.get(module.id) === 'visiting') {
      throw new ManifestError(`needs has a cycle: ${[...path, module.id].join(' -> ')}`);
    }
    state.set(module.id, 'visiting');
    for (const need of module.needs) {
      const needed = byId.get(need);
      if (!needed) throw new ManifestError(`${module.id} needs ${need}, which is not there`);
      visit(needed, [...path, module.id]);
    }
    state.set(module.id, 'done');
    ordered.push(module);
  };
  for (const module of modules) visit(module, []);
  return ordered;
}
