import { noticesUi } from '@qiao/notices/ui';
import type { DomainUi } from '@qiao/ui-kit';

/** The domains whose views the client shows, one line each. */
export const modules: readonly DomainUi[] = [noticesUi];
