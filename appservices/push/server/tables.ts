import type { ColumnType, Kysely } from 'kysely';

type Timestamp = ColumnType<Date, Date, Date>;

export interface SubscriptionTable {
  id: string;
  user_id: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  label: string;
  created_at: Timestamp;
  seen_at: Timestamp;
  delivered_at: ColumnType<Date | null, null, Date>;
}

export type PushDb = Kysely<{ 'push.subscription': SubscriptionTable }>;
