import { ThemeModel } from '@qiao/ui-kit';

export const theme = new ThemeModel();
