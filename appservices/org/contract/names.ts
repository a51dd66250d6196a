/* Names that stand in rooms, known to browsers too: plain constants, which bring nothing else into a page. */

/** What the names of the organisation's bots and service users begin with; nobody else can have such a name. */
export const ORG_PREFIX = '_qiao_org_';
/** Localpart of the service user that makes conversations. It stays in them, reads nothing and is nobody's partner. */
export const ROOMS_LOCALPART = '_qiao_org_rooms';
/**
 * Key in a room's create event by which the organisation finds its own rooms again: `{ "owner": <department id, or
 * "company"> }`.
 */
export const CREATION_MARK = 'im.qiao.org';
