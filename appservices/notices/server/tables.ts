import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';
import type { Audience, NoticeState, ObligationKind, ObligationState } from '../contract/index.ts';

type Timestamp = ColumnType<Date, Date, Date>;

export interface SettingsTable {
  user_id: string;
  zone: string;
  quiet: boolean;
  quiet_from: string;
  quiet_to: string;
  quiet_weekends: boolean;
  urgent_through: boolean;
  every_minutes: number;
  direct: boolean;
  paused_until: Timestamp | null;
  updated_at: Timestamp;
}
export interface ObligationTable {
  id: string;
  kind: ObligationKind;
  room_id: string;
  event_id: string;
  asker: string;
  asked: string;
  due_at: Timestamp | null;
  every_minutes: number | null;
  state: ColumnType<ObligationState, ObligationState | undefined, ObligationState>;
  created_at: Timestamp;
  closed_at: Timestamp | null;
  closed_how: string | null;
  closed_by: string | null;
  reminders: Generated<number>;
  reminded_at: Timestamp | null;
  next_remind_at: Timestamp | null;
}
export interface ReminderTable {
  id: string;
  user_id: string;
  kind: ObligationKind | 'notice';
  obligation_ids: string[];
  notice_id: string | null;
  created_at: Timestamp;
  sent_at: Timestamp | null;
  outcome: 'sent' | 'settled' | 'client' | null;
  room_id: string | null;
  event_id: string | null;
}
export interface DirectRoomTable {
  user_id: string;
  room_id: string;
  left_by_person: Generated<boolean>;
  created_at: Generated<Date>;
}
export interface NoticeTable {
  id: string;
  version: Generated<number>;
  state: ColumnType<NoticeState, NoticeState | undefined, NoticeState>;
  author: string;
  title: string;
  body: string;
  confirm: boolean;
  audience: ColumnType<Audience, string, string>;
  created_at: Timestamp;
  updated_at: Timestamp;
  scheduled_at: Timestamp | null;
  sent_at: Timestamp | null;
  recalled_at: Timestamp | null;
  reminded_at: Timestamp | null;
  sender: string | null;
  problem: string | null;
}
export interface RecipientTable {
  notice_id: string;
  user_id: string;
  late: Generated<boolean>;
  waiting: Generated<boolean>;
  seen_at: Timestamp | null;
  confirmed_at: Timestamp | null;
  confirmed_how: 'client' | 'reaction' | 'reply' | null;
  reminded_at: Timestamp | null;
  next_remind_at: Timestamp | null;
  gone: Generated<boolean>;
}
export type DeliveryState = 'waiting' | 'sent' | 'skipped' | 'failed' | 'redacted';
export interface DeliveryTable {
  id: string;
  notice_id: string;
  kind: 'room' | 'direct';
  target: string;
  state: ColumnType<DeliveryState, DeliveryState | undefined, DeliveryState>;
  room_id: string | null;
  event_id: string | null;
  attempts: Generated<number>;
  problem: string | null;
}

export interface NoticesTables {
  'notices.settings': SettingsTable;
  'notices.obligation': ObligationTable;
  'notices.reminder': ReminderTable;
  'notices.direct_room': DirectRoomTable;
  'notices.notice': NoticeTable;
  'notices.recipient': RecipientTable;
  'notices.delivery': DeliveryTable;
}
export type NoticesDb = Kysely<NoticesTables>;
export type NoticesTrx = Transaction<NoticesTables>;
