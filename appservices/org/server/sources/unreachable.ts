/** Why a source gives nothing; texts are `imports.reasons.source_<reason>`. */
export type SourceReason =
  | 'no_answer'
  | 'certificate'
  | 'tls'
  | 'not_encrypted'
  | 'wrong_password'
  | 'not_permitted'
  | 'no_base'
  | 'bad_filter'
  | 'size_limit'
  | 'refused';

/** A source that gives nothing. Becomes `org.source_unreachable` with the reason in the reader's language. */
export class SourceUnreachable extends Error {
  override readonly name = 'SourceUnreachable';
  readonly reason: SourceReason;
  readonly params: Readonly<Record<string, string | number>>;
  constructor(reason: SourceReason, name: string, params: Readonly<Record<string, string | number>> = {}) {
    super(`source: ${reason}`);
    this.reason = reason;
    this.params = { name, ...params };
  }
}
