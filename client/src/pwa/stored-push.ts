/** The subscription of this browser as the push gateway knows it; kept in the vault while pushes are wanted here. */
export interface StoredPush {
  /** Id at the push gateway, and the pusher's `pushkey`. */
  readonly id: string;
  readonly appId: string;
  readonly endpoint: string;
}
