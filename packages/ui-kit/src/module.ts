import type { ComponentType } from 'react';
import type { Session } from './app/services.tsx';
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
}
