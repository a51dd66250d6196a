import audit from '@qiao/audit/module';
import notices from '@qiao/notices/module';
import org from '@qiao/org/module';
import push from '@qiao/push/module';
import type { DomainModule } from '@qiao/platform';

/** Every domain of the product, one line each. */
export const domains: readonly DomainModule[] = [audit, org, notices, push];

/** Domains that run as a process of their own: nobody who owns the rest reads what they hold. */
export const APART: readonly string[] = ['audit'];
