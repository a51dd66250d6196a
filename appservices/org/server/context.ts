import type { Acts, DomainContext } from '@qiao/platform';
import type { OrgAct } from '../contract/acts.ts';
import type { OrgConfig } from './config.ts';

/** The domain's context; acts are those the contract names, so that each has a text. */
export type OrgContext = Omit<DomainContext<OrgConfig>, 'acts'> & { readonly acts: Acts<OrgAct> };
