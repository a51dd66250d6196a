import { orgUi } from '@qiao/org/ui';
import type { DomainUi } from '@qiao/ui-kit';

/** The domains whose pages the console shows, one line each. */
export const modules: readonly DomainUi[] = [orgUi];
