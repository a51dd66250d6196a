/** Why a file as a whole cannot be used; texts are `imports.reasons.<key>`. */
export type UnreadableReason =
  | 'workbook'
  | 'binary'
  | 'empty'
  | 'no_rows'
  | 'encoding_unknown'
  | 'quote_not_closed'
  | 'record_too_large'
  | 'too_many_columns'
  | 'too_many_rows'
  | 'not_json'
  | 'not_json_at'
  | 'json_shape'
  | 'json_too_large'
  | 'gone'
  | 'path_outside'
  | 'not_a_file'
  | 'too_large';

/** A file nobody can read rows from. Becomes `org.import_unreadable` with the reason in the reader's language. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  readonly reason: UnreadableReason;
  readonly params: Readonly<Record<string, string | number>>;
  constructor(reason: UnreadableReason, params: Readonly<Record<string, string | number>> = {}) {
    super(`unreadable: ${reason}`);
    this.reason = reason;
    this.params = params;
  }
}
