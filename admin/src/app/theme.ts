import { ThemeModel } from '@qiao/ui-kit';

/** The look, chosen before the first paint and for the whole page. */
export const theme = new ThemeModel();
