import { Type, type Static } from 'typebox';

/** Settings of the organisation, `domains.org` in the configuration file. */
export const OrgConfig = Type.Object(
  {
    activation_days: Type.Integer({
      minimum: 1,
      maximum: 90,
      default: 14,
      description: 'Days an activation link is valid',
    }),
    phone_country: Type.String({
      pattern: '^[A-Z]{2}$',
      default: 'CN',
      description: 'Country (ISO 3166-1) of phones that are written without one, for signing in',
    }),
    undo_days: Type.Integer({
      minimum: 1,
      maximum: 365,
      default: 30,
      description: "Days a leaver's closing can be undone",
    }),
    provision_concurrency: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 8,
      description: 'Requests to the homeserver at once while accounts, rooms and memberships are made',
    }),
    max_import_bytes: Type.Integer({
      minimum: 1024,
      default: 268435456,
      description: 'Largest file an import takes, in bytes',
    }),
    greet: Type.Boolean({
      default: true,
      description: 'The bot welcomes people in their department room after they activate',
    }),
  },
  { additionalProperties: false },
);
export type OrgConfig = Static<typeof OrgConfig>;
