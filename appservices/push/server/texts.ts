import type { Catalogues } from '@qiao/platform';
import en from '../strings/en.json' with { type: 'json' };
import zh from '../strings/zh_Hans.json' with { type: 'json' };

export const pushTexts: Catalogues = { en, zh_Hans: zh };
