import type { ComposeEvent, ComposeTarget } from '../../matrix/compose-target.ts';
import type { WriteBarrier } from '../../matrix/sender-access.ts';
import type { MatrixSession } from '../../matrix/session.ts';
import type { PeopleSearch } from '../finder/people.ts';
import type { MentionWords, Suggestion } from './completions.ts';
import type { Beginning } from './editor/RichEditor.tsx';
import type { Format, Trigger } from './editor/writing.ts';
import type { ComposerPreferences } from './preferences.ts';

/** What is open beside the text. */
export type ComposerPart = 'ask' | 'poll' | 'voice' | 'emoji' | 'link' | `action:${string}`;

export interface ComposerSnapshot extends ComposerPreferences {
  readonly barrier: WriteBarrier | undefined;
  readonly encrypted: boolean;
  /** What the editor begins with; a new `editor` is a new one. */
  readonly editor: number;
  readonly beginning: Beginning;
  readonly blank: boolean;
  readonly formats: ReadonlySet<Format>;
  readonly reply: ComposeEvent | undefined;
  readonly edit: ComposeEvent | undefined;
  readonly completion:
    { readonly trigger: Trigger; readonly items: readonly Suggestion[]; readonly active: number } | undefined;
  /** Files that wait for the preview's answer. */
  readonly files: readonly File[];
  readonly part: ComposerPart | undefined;
}

export interface ComposerDeps {
  readonly matrix: MatrixSession;
  readonly roomId: string;
  readonly threadId: string | undefined;
  readonly target: ComposeTarget;
  readonly locale: () => 'en' | 'zh-Hans';
  readonly search: PeopleSearch;
  readonly words: () => MentionWords;
  /** Says that a text is too long for one message. */
  readonly onTooLong: () => void;
  /** On a device without a keyboard the editor does not open the one on the screen by itself. */
  readonly hasKeyboard: boolean;
}
