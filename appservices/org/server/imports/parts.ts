import type { DomainParts } from '@qiao/platform';
import { createChanges } from '../changes.service.ts';
import { applyImportJob } from '../jobs/apply-import.job.ts';
import { checkImportJob } from '../jobs/check-import.job.ts';
import { runDueSourcesJob } from '../jobs/run-due-sources.job.ts';
import { sweepImportsJob } from '../jobs/sweep-imports.job.ts';
import type { OrgContext } from '../context.ts';
import { sourcesRoutes } from '../sources/sources.routes.ts';
import { createFetchSource, createSources } from '../sources/sources.service.ts';
import { importCommand } from './command.ts';
import { demoCommand } from './demo.command.ts';
import { importsRoutes } from './imports.routes.ts';
import { createImports } from './imports.service.ts';

/** Imports and the sources they come from. */
export function importsParts(context: OrgContext): DomainParts {
  const imports = createImports(context, createFetchSource(context));
  const sources = createSources(context, imports);
  return {
    routes: (http) => {
      importsRoutes(http, context, imports);
      sourcesRoutes(http, context, { sources, imports, changes: createChanges(context) });
    },
    commands: { import: importCommand(context, imports), demo: demoCommand(context, imports) },
    jobs: [
      checkImportJob(imports),
      applyImportJob(imports),
      runDueSourcesJob(sources),
      sweepImportsJob(imports),
    ],
  };
}
