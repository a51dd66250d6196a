import { ViewModel } from '../model/ViewModel.ts';

export const THEMES = ['system', 'light', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];

const STORED_AS = 'qiao.theme';

/** What a choice comes to: high contrast takes its scheme from the system. */
const look = (
  chosen: Theme,
  system: { dark: boolean; contrast: boolean },
): { chosen: Theme; dark: boolean; contrast: boolean } => ({
  chosen,
  dark: chosen === 'dark' || (chosen !== 'light' && system.dark),
  contrast: chosen === 'contrast' || system.contrast,
});

/** Light, dark, high contrast or what the system says; remembered in this browser. */
export class ThemeModel extends ViewModel<{ chosen: Theme; dark: boolean; contrast: boolean }> {
  readonly #dark: MediaQueryList;
  readonly #contrast: MediaQueryList;

  constructor() {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const contrast = matchMedia('(prefers-contrast: more)');
    let chosen: Theme = 'system';
    try {
      const stored = localStorage.getItem(STORED_AS);
      chosen = THEMES.find((theme) => theme === stored) ?? 'system';
    } catch {
      // Storage may be denied; then the choice lasts as long as the page.
    }
    super(look(chosen, { dark: dark.matches, contrast: contrast.matches }));
    this.#dark = dark;
    this.#contrast = contrast;
    this.#apply();
  }

  protected override onMount(): void {
    const follow = (): void => {
      this.choose(this.snapshot.chosen);
    };
    for (const query of [this.#dark, this.#contrast]) {
      query.addEventListener('change', follow);
      this.own(() => {
        query.removeEventListener('change', follow);
      });
    }
    // What has changed since it was made.
    follow();
  }

  choose(chosen: Theme): void {
    try {
      if (chosen === 'system') localStorage.removeItem(STORED_AS);
      else localStorage.setItem(STORED_AS, chosen);
    } catch {
      // As above.
    }
    this.set(look(chosen, { dark: this.#dark.matches, contrast: this.#contrast.matches }));
    this.#apply();
  }

  #apply(): void {
    // The same as the client's `first-paint.ts` does before the page is drawn.
    const { classList } = document.documentElement;
    classList.toggle('cpd-theme-dark', this.snapshot.dark);
    classList.toggle('cpd-theme-light', !this.snapshot.dark);
    classList.toggle('q-contrast', this.snapshot.contrast);
  }
}
