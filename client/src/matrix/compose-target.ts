import { ViewModel } from '@qiao/ui-kit';

/** An event that the composer answers or changes. */
export interface ComposeEvent {
  readonly eventId: string;
  readonly sender: string;
  readonly senderName: string;
  /** Plain text for the strip above the composer. */
  readonly text: string;
}

export interface ComposeTargetSnapshot {
  readonly reply: ComposeEvent | undefined;
  readonly edit: ComposeEvent | undefined;
}

/** What the composer of one conversation or thread is about: set by the timeline, read by the composer. */
export class ComposeTarget extends ViewModel<ComposeTargetSnapshot> {
  constructor() {
    super({ reply: undefined, edit: undefined });
  }

  readonly reply = (event: ComposeEvent): void => {
    this.set({ reply: event, edit: undefined });
  };

  readonly edit = (event: ComposeEvent): void => {
    this.set({ edit: event, reply: undefined });
  };

  readonly clear = (): void => {
    this.set({ reply: undefined, edit: undefined });
  };
}
