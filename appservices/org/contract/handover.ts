/** One thing a leaver owns in some domain. */
export interface OwnedThing {
  /** Stable id inside the source's kind; stored. */
  readonly subject: string;
  /** Shown to the person who decides on it; no content of messages. */
  readonly label: string;
}

/**
 * What another domain hands in about leavers. Registered once in `setup` with
 * `(context.use('org.handover') as HandoverRegistry).register(source)`.
 */
export interface HandoverSource {
  /** `<domain>.<noun>`, stable: it is stored with the hand-over list. */
  readonly kind: string;
  /** What the person owns now. Called in a job after the account was locked, and again when asked for. */
  collect(personId: string): Promise<readonly OwnedThing[]>;
  /**
   * Gives the thing to `toId`, or ends it where nobody takes it over (null). Called in a job when the leaver
   * is closed; at least once, so safe to run twice.
   */
  handOver(subject: string, fromId: string, toId: string | null): Promise<void>;
}

/** Offered by org as `org.handover`. */
export interface HandoverRegistry {
  /** @throws Error where the kind is registered already. */
  register(source: HandoverSource): void;
}
