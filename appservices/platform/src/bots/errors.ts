/** Why a bot cannot do what it was asked. */
export type BotErrorCode =
  /** The bot was not started, or is stopping. */
  | 'not_running'
  /** The bot is not in the room. */
  | 'not_in_room'
  /** The room is encrypted in a way this bot does not know. */
  | 'unsupported_encryption'
  /** Another process has this bot's store open. */
  | 'store_in_use'
  /** A file does not match its hash or its description. */
  | 'bad_file'
  /** The crypto library broke down; the process must be started again. */
  | 'crypto_failed';

/** An error of a bot; `code` says which. */
export class BotError extends Error {
  readonly code: BotErrorCode;
  constructor(code: BotErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BotError';
    this.code = code;
  }
}
