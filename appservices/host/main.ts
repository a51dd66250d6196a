import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  ConfigError,
  createHost,
  createOpenIdVerifier,
  migrateAll,
  ManifestError,
  hasRegistration,
  isDatabaseAway,
  openSite,
  orderModules,
  registrationYaml,
  serveHost,
  systemRandom,
} from '@qiao/platform';
import { APART, domains } from './domains.ts';

const HELP = `Usage: node appservices/host/main.ts <command>

  run [--only a,b | --except a,b] [--port N]   start the domains
  migrate                                      bring the database up to date
  registrations --out DIR                      write the appservice registrations
  <domain> <command> [arguments]               a command of a domain

The data folder is $QIAO_VAR, else var.`;

const list = (value: string | undefined): string[] | undefined =>
  value
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === 'help' || command === '--help') {
    process.stdout.write(`${HELP}\n`);
    return command === undefined ? 2 : 0;
  }
  const site = openSite();
  const modules = orderModules(domains);
  const verifyOpenId = createOpenIdVerifier({
    serverName: site.settings.server_name,
    homeserverUrl: site.settings.homeserver.url,
    allowInside:
      site.settings.federation?.allow_inside === true || process.env['QIAO_FEDERATION_INSIDE'] === '1',
  });

  if (command === 'registrations') {
    const { values } = parseArgs({ args: rest, options: { out: { type: 'string' } } });
    if (!values.out) throw new ConfigError('registrations needs --out DIR');
    mkdirSync(values.out, { recursive: true, mode: 0o700 });
    for (const module of modules.filter(hasRegistration)) {
      const port = site.settings.ports[APART.includes(module.id) ? module.id : 'host'];
      const yaml = registrationYaml(module, {
        hostUrl: `http://127.0.0.1:${port ?? 8483}`,
        serverName: site.settings.server_name,
        asToken: site.secrets.getOrCreate(`as_token_${module.id}`, () => systemRandom.token()),
        hsToken: site.secrets.getOrCreate(`hs_token_${module.id}`, () => systemRandom.token()),
      });
      writeFileSync(join(values.out, `${module.id}.yaml`), yaml, { mode: 0o600 });
      process.stdout.write(`${module.id}.yaml\n`);
    }
    return 0;
  }

  if (command === 'migrate') {
    await migrateAll(
      site,
      modules.filter((module) => !APART.includes(module.id)),
    );
    for (const module of modules) if (APART.includes(module.id)) await migrateAll(site, [module], module.id);
    return 0;
  }

  if (command === 'run') {
    const { values } = parseArgs({
      args: rest,
      options: { only: { type: 'string' }, except: { type: 'string' }, port: { type: 'string' } },
    });
    const only = list(values.only);
    const except = list(values.except) ?? [];
    for (const id of [...(only ?? []), ...except]) {
      if (!modules.some((module) => module.id === id)) throw new ConfigError(`No such domain: ${id}`);
    }
    const apart = only?.find((id) => APART.includes(id));
    if (apart !== undefined && only?.length !== 1)
      throw new ConfigError(`${apart} runs alone: --only ${apart}`);
    const chosen = modules.filter((module) =>
      only ? only.includes(module.id) : !except.includes(module.id) && !APART.includes(module.id),
    );
    const name = only ? only.join('-') : 'host';
    const port = Number(values.port ?? site.settings.ports[apart ?? 'host'] ?? 8483);
    const served = serveHost({
      site,
      domains: chosen,
      verifyOpenId,
      name,
      port,
      ...(apart === undefined ? {} : { apart }),
    });
    const ended = Promise.withResolvers<number>();
    let asked = false;
    /** Read anew after the wait. */
    const wasAsked = (): boolean => asked;
    const stop = (): void => {
      asked = true;
      served.stop().then(
        () => {
          ended.resolve(0);
        },
        (error: unknown) => {
          ended.reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      await served.started;
    } catch (error) {
      // Asked to end while it waited for the database.
      if (!wasAsked()) throw error;
      return await ended.promise;
    }
    process.stdout.write(`listening on http://127.0.0.1:${port}\n`);
    return ended.promise;
  }

  const module = modules.find((candidate) => candidate.id === command);
  if (!module) throw new ConfigError(`No such command: ${command}\n\n${HELP}`);
  const apart = APART.find((id) => id === module.id);
  const host = await createHost({
    site,
    domains: apart === undefined ? modules.filter(({ id }) => !APART.includes(id)) : [module],
    verifyOpenId,
    name: 'command',
    serve: false,
    ...(apart === undefined ? {} : { apart }),
  });
  try {
    const commands = host.parts.get(module.id)?.commands ?? {};
    const [name = '', ...args] = rest;
    const found = commands[name];
    if (!found) {
      const known = Object.entries(commands).map(([key, { help }]) => `  ${module.id} ${key}  ${help}`);
      throw new ConfigError(`No such command: ${module.id} ${name}\n${known.join('\n')}`);
    }
    return await found.run(args, (line) => process.stdout.write(`${line}\n`));
  } finally {
    await host.stop();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof ConfigError || error instanceof ManifestError)
    process.stderr.write(`${error.message}\n`);
  else if (isDatabaseAway(error)) process.stderr.write('The database or the homeserver does not answer.\n');
  else throw error;
  process.exitCode = 2;
}
