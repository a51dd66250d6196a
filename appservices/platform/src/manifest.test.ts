import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { ManifestError, defineModule, orderModules, type Claims, type DomainModule } from './manifest.ts';

const nothing: Claims = { eventTypes: [], bots: [], permissions: [], domainEvents: [] };

function domain(id: string, needs: string[] = [], claims: Partial<Claims> = {}): DomainModule {
  return defineModule({
    id,
    needs,
    config: Type.Object({}),
    claims: { ...nothing, ...claims },
    errors: {},
    texts: { en: {}, zh_Hans: {} },
    migrations: {},
    setup: () => ({}),
  });
}

describe('orderModules', () => {
  it('puts what is needed first', () => {
    const ordered = orderModules([domain('tasks', ['org']), domain('org', ['audit']), domain('audit')]);
    expect(ordered.map((module) => module.id)).toEqual(['audit', 'org', 'tasks']);
  });

  it.each([
    ['the same id', [domain('org'), domain('org')], 'domain id org is claimed by org and by org'],
    [
      'an event type',
      [
        domain('tasks', [], { eventTypes: ['work.qiao.task'] }),
        domain('org', [], { eventTypes: ['work.qiao.task'] }),
      ],
      'event type work.qiao.task is claimed by tasks and by org',
    ],
    [
      'a domain event',
      [domain('tasks', [], { domainEvents: ['x.y.z'] }), domain('org', [], { domainEvents: ['x.y.z'] })],
      'domain event x.y.z is claimed by tasks and by org',
    ],
  ])('names both sides that claim %s', (_what, modules, message) => {
    expect(() => orderModules(modules)).toThrow(new ManifestError(message));
  });

  it('lets our Synapse module act as bots of the domain alone', () => {
    const users = (localpart: string) => [
      domain('org', [], { bots: ['_qiao_org_bot'], serviceUsers: [{ localpart, rooms: 'internal' }] }),
    ];
    expect(() => orderModules(users('ken'))).toThrow('Service user ken of org is none of its bots');
    expect(orderModules(users('_qiao_org_bot'))).toHaveLength(1);
  });

  it('keeps bots and permissions in their domain', () => {
    expect(() => orderModules([domain('org', [], { bots: ['_qiao_tasks_bot'] })])).toThrow(
      '_qiao_tasks_bot of org has to begin with _qiao_org',
    );
    expect(() =>
      orderModules([domain('org', [], { permissions: [{ name: 'tasks.task.read', scopes: ['company'] }] })]),
    ).toThrow('tasks.task.read of org has to begin with org.');
  });

  it('refuses a missing need and a cycle', () => {
    expect(() => orderModules([domain('org', ['audit'])])).toThrow('org needs audit, which is not there');
    expect(() => orderModules([domain('a1', ['b1']), domain('b1', ['a1'])])).toThrow(
      'needs has a cycle: a1 -> b1 -> a1',
    );
  });
});
