/** Name under which push offers {@link PushHolds}: `context.use(PUSH_HOLDS) as PushHolds`. */
export const PUSH_HOLDS = 'push.holds';

/** The message a push is about; ids only. */
export interface PushedMessage {
  readonly room: string;
  readonly event: string;
}

/**
 * Asked before each push, outside of a transaction.
 * @returns whether the person does not want to hear of it now: then it is left out, not put off
 */
export type PushHold = (userId: string, message: PushedMessage) => Promise<boolean>;

/** Where domains say when people are not to be disturbed. Registered in `setup`. */
export interface PushHolds {
  register(hold: PushHold): void;
}
