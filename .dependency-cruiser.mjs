import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who may import whom (docs/architecture.md). A planted violation in scripts/fixtures proves that it bites. */
const domains = '^appservices/(?!platform/|host/)([^/]+)/';

/** The domains below a folder, each with the others that its manifest needs. */
function readNeeds(root) {
  return readdirSync(join(root, 'appservices'))
    .filter((domain) => existsSync(join(root, 'appservices', domain, 'module.ts')))
    .map((domain) => {
      const manifest = readFileSync(join(root, 'appservices', domain, 'module.ts'), 'utf8');
      const list = /^ {2}needs: \[([^\]]*)\],$/m.exec(manifest);
      if (!list) throw new Error(`appservices/${domain}/module.ts: needs is not a plain list`);
      return { domain, needs: [...list[1].matchAll(/'([^']+)'/g)].map((match) => match[1]) };
    });
}

/** A domain knows those that its manifest needs, and no others; tests may stand on more. */
export const needsRules = (root) =>
  readNeeds(root).map(({ domain, needs }) => ({
    name: `${domain}-needs-what-it-imports`,
    severity: 'error',
    comment: 'Who is imported stands in `needs` of module.ts, so that the host starts it first.',
    from: { path: `^appservices/${domain}/(?!test/|testing/|.*\\.(test|itest|e2e)\\.)` },
    to: { path: `^appservices/(?!${['platform', 'host', domain, ...needs].join('/|')}/)[^/]+/` },
  }));

export default {
  forbidden: [
    ...needsRules(import.meta.dirname),
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'A cycle hides which part stands on which.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'platform-knows-no-domain',
      severity: 'error',
      from: { path: '^appservices/platform/(?!test/)' },
      to: { path: domains },
    },
    {
      name: 'host-is-imported-by-nobody',
      severity: 'error',
      from: { pathNot: '^(appservices/host/|packages/testkit/|scripts/)' },
      to: { path: '^appservices/host/' },
    },
    {
      name: 'domains-stay-apart',
      severity: 'error',
      comment: 'A domain reaches another one by its contract, never by its server or its screens.',
      from: { path: domains },
      to: {
        path: '^appservices/(?!platform/|host/)([^/]+)/(server|migrations|ui)/',
        pathNot: '^appservices/$1/',
      },
    },
    {
      name: 'contract-is-browser-safe',
      severity: 'error',
      from: { path: '^appservices/[^/]+/contract/' },
      to: { pathNot: '(^appservices/[^/]+/contract/|^packages/matrix-types/|node_modules/typebox)' },
    },
    {
      name: 'migrations-are-frozen',
      severity: 'error',
      comment: 'A migration imports nothing that can change under it.',
      from: { path: '^appservices/[^/]+/migrations/', pathNot: 'index\\.ts$' },
      to: { pathNot: 'node_modules/kysely' },
    },
    {
      name: 'domain-ui-stands-on-contracts',
      severity: 'error',
      from: { path: '^appservices/[^/]+/ui/' },
      to: {
        path: '^(client|admin|appservices/host|appservices/platform/src|appservices/[^/]+/(server|migrations))/|node_modules/matrix-js-sdk',
      },
    },
    {
      name: 'hosts-of-ui-import-domains-in-modules-only',
      severity: 'error',
      from: { path: '^(client|admin)/src/', pathNot: '^(client|admin)/src/modules\\.tsx?$' },
      to: { path: '^appservices/[^/]+/ui/' },
    },
    {
      name: 'only-client-matrix-imports-the-sdk',
      severity: 'error',
      from: { pathNot: '^(client/src/matrix/|client/test/sdk\\.ts$|packages/testkit/)' },
      to: { path: 'node_modules/matrix-js-sdk', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'matrix-types-has-no-io',
      severity: 'error',
      from: { path: '^packages/matrix-types/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'ui-kit-stands-on-contracts',
      severity: 'error',
      from: { path: '^packages/ui-kit/' },
      to: { path: '^(client|admin|appservices/(?!platform/contract/))' },
    },
    {
      name: 'product-imports-no-test-code',
      severity: 'error',
      from: { pathNot: '(\\.(test|itest|e2e)\\.tsx?$|/(test|testing)/|^packages/testkit/|^scripts/|vitest)' },
      to: { path: '(\\.(test|itest|e2e)\\.tsx?$|^appservices/[^/]+/(test|testing)/|^packages/testkit/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|var|\\.venv|\\.tsbuild)/|^scripts/fixtures/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
};
