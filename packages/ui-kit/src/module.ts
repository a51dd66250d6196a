import type { ComponentType } from 'react';
import type { Services, Session } from './app/services.tsx';
import type { IconType } from './components/basics.tsx';
import type { Catalogues } from './i18n/i18n.ts';

type Page = () => Promise<{ default: ComponentType }>;

/** A page that a domain offers to the console. */
export interface ConsolePage {
  /** Route below the console's base, as react-router reads it: `people/:id?`. */
  readonly path: string;
  /** Its place in the menu; absent: reached from other pages only. */
  readonly nav?: {
    readonly group: 'start' | 'directory' | 'rules' | 'system';
    /** Order within the group. */
    readonly order: number;
    /** Text key with namespace. */
    readonly title: string;
    readonly Icon: IconType;
    /** Where the entry leads, `/people`. */
    readonly to: string;
  };
  /** Whether the signed-in person may see it; the server decides again. */
  readonly allowed: (session: Session) => boolean;
  readonly load: Page;
}

/** An event of a room as a tile sees it; already decrypted. Content comes from anybody: parse before use. */
export interface TileEvent {
  readonly roomId: string;
  readonly eventId: string;
  readonly sender: string;
  readonly senderName: string;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Origin server's time, milliseconds since 1970. */
  readonly ts: number;
  readonly own: boolean;
}

/** A room as panels and composer actions see it. */
export interface RoomRef {
  readonly roomId: string;
  readonly name: string;
  readonly encrypted: boolean;
}

/** A component that is loaded when it is first shown. */
type Part<P> = () => Promise<{ default: ComponentType<P> }>;

/** Shows events of some types in the timeline. A tile that throws is replaced by an error tile. */
export interface ClientTile {
  /** Event types; none may be claimed twice. */
  readonly types: readonly string[];
  /** One line for the conversation list and notifications, from the event's content: text key and values. */
  readonly preview?: (
    event: TileEvent,
  ) => { readonly key: string; readonly values?: Record<string, unknown> } | undefined;
  readonly load: Part<{ event: TileEvent; room: RoomRef }>;
}

/** A panel beside a room's timeline, opened from the room's header. */
export interface ClientRoomPanel {
  readonly id: string;
  /** Text key with namespace. */
  readonly title: string;
  readonly Icon: IconType;
  readonly allowed: (session: Session) => boolean;
  readonly load: Part<{ room: RoomRef; onClose: () => void }>;
}

/** An entry of the composer's menu, which opens a dialog. */
export interface ClientComposerAction {
  readonly id: string;
  readonly title: string;
  readonly Icon: IconType;
  readonly allowed: (session: Session) => boolean;
  readonly load: Part<{ room: RoomRef; onClose: () => void }>;
}

/** A page with an entry in the left rail. */
export interface ClientPage {
  /** Route below `/x/<domain>/`, as react-router reads it. */
  readonly path: string;
  readonly nav?: {
    readonly order: number;
    readonly title: string;
    readonly Icon: IconType;
    /** Where the entry leads, with the whole path. */
    readonly to: string;
    /** Watches the count of what waits there: tells it to `show`, again with each change; answers what ends it. */
    readonly badge?: (services: Services, show: (count: number) => void) => () => void;
  };
  readonly allowed: (session: Session) => boolean;
  readonly load: Part<object>;
}

/** A page of the settings. */
export interface ClientSettingsPage {
  readonly id: string;
  readonly title: string;
  readonly Icon: IconType;
  readonly load: Part<object>;
}

/** What a domain's UI offers; each part is loaded only when it is shown. */
export interface DomainUi {
  readonly id: string;
  readonly strings: Catalogues;
  readonly console?: {
    readonly pages: readonly ConsolePage[];
    /** Parts of the start page and of the health page. */
    readonly overview?: Page;
    readonly health?: { readonly allowed: (session: Session) => boolean; readonly load: Page };
  };
  readonly client?: {
    readonly tiles?: readonly ClientTile[];
    readonly panels?: readonly ClientRoomPanel[];
    readonly composer?: readonly ClientComposerAction[];
    readonly pages?: readonly ClientPage[];
    readonly settings?: readonly ClientSettingsPage[];
  };
}
