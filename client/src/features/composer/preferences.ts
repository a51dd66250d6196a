import type { SendKey } from './editor/ime.ts';

/** How a person writes; kept in this browser. */
export interface ComposerPreferences {
  readonly mode: 'rich' | 'source';
  readonly toolbar: boolean;
  readonly sendKey: SendKey;
}

const STORED_AS = 'qiao.composer';

/** What was chosen, else rich text without a toolbar, sent by Enter. */
export function readPreferences(): ComposerPreferences {
  let stored: Record<string, unknown> = {};
  try {
    stored = JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') as Record<string, unknown>;
  } catch {
    // Broken or refused: as if nothing was chosen.
  }
  return {
    mode: stored['mode'] === 'source' ? 'source' : 'rich',
    toolbar: stored['toolbar'] === true,
    sendKey: stored['sendKey'] === 'mod-enter' ? 'mod-enter' : 'enter',
  };
}

export function writePreferences(preferences: ComposerPreferences): void {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(preferences));
  } catch {
    // For this page only, then.
  }
}
