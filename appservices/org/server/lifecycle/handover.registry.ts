import type { HandoverRegistry, HandoverSource } from '../../contract/index.ts';

/** Kinds org collects itself. */
export const OWN_KINDS = ['report', 'department_head', 'role_grant', 'room'] as const;

/** The registry other domains hand their collectors in to; they do so in `setup`, before any job runs. */
export function createHandoverRegistry(): HandoverRegistry & { sources(): readonly HandoverSource[] } {
  const sources = new Map<string, HandoverSource>();
  return {
    register(source) {
      const own: readonly string[] = OWN_KINDS;
      if (own.includes(source.kind) || sources.has(source.kind)) {
        throw new Error(`A source of hand-overs for ${source.kind} is registered already`);
      }
      sources.set(source.kind, source);
    },
    sources: () => [...sources.values()],
  };
}
