import { Type, type Static } from 'typebox';

/** Settings of notices, `domains.notices` in the configuration file. */
export const NoticesConfig = Type.Object(
  {
    time_zone: Type.String({
      minLength: 1,
      default: 'Asia/Shanghai',
      description: 'IANA time zone of people who have not chosen one',
    }),
    quiet_from: Type.String({
      pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
      default: '20:00',
      description: 'Begin of the quiet hours of people who have not chosen, local time',
    }),
    quiet_to: Type.String({
      pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
      default: '08:00',
      description: 'End of the quiet hours of people who have not chosen, local time',
    }),
    quiet_weekends: Type.Boolean({
      default: true,
      description: 'Whether weekends are quiet for people who have not chosen',
    }),
    asks_per_hour: Type.Integer({
      minimum: 1,
      default: 600,
      description: 'People one person may ask or remind in an hour, each counted',
    }),
    asks_of_one_per_hour: Type.Integer({
      minimum: 1,
      default: 30,
      description: 'Messages by which one person may ask or remind the same other one in an hour',
    }),
    urgent_per_hour: Type.Integer({
      minimum: 1,
      default: 20,
      description: 'Urgent messages one person may send in an hour',
    }),
  },
  { additionalProperties: false },
);
export type NoticesConfig = Static<typeof NoticesConfig>;
