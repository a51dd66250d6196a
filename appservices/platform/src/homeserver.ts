/** How a domain reaches the homeserver: its address, its own registration's token, and Qiao's Synapse module. */
export interface HomeserverAccess {
  readonly url: string;
  readonly serverName: string;
  /** Token of this domain's appservice registration. */
  readonly asToken: string;
  /** Token of the Synapse module's API (`synapse-config/module`). */
  readonly moduleToken: () => string;
}
