import en from '../strings/en.json' with { type: 'json' };
import zhHans from '../strings/zh_Hans.json' with { type: 'json' };
import type { Catalogues } from './i18n/texts.ts';

export const platformTexts: Catalogues = { en, zh_Hans: zhHans };
