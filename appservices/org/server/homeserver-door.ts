import { appservicePath, homeserverLogin, type DomainParts } from '@qiao/platform';
import type { OrgContext } from './context.ts';

type Protocol = NonNullable<DomainParts['protocols']>[number];

/**
 * Below the registration's path, which the gateway leads nowhere: what our Synapse module asks and tells over loopback,
 * with the token by which the homeserver speaks to this registration.
 */
export const homeserverDoor = (
  context: Pick<OrgContext, 'id' | 'site'>,
  routes: Protocol['routes'],
): Protocol => ({
  prefix: `${appservicePath(context.id)}/_qiao/v1`,
  login: homeserverLogin(context.site.secrets.get(`hs_token_${context.id}`)),
  routes,
});
