import { ViewModel } from '../model/ViewModel.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORED_AS = 'qiao.theme';

/** Light, dark or what the system says; remembered in this browser. */
export class ThemeModel extends ViewModel<{ chosen: Theme; dark: boolean }> {
  readonly #system: MediaQueryList;

  constructor() {
    const system = matchMedia('(prefers-color-scheme: dark)');
    let chosen: Theme = 'system';
    try {
      const stored = localStorage.getItem(STORED_AS);
      if (stored === 'light' || stored === 'dark') chosen = stored;
    } catch {
      // Storage may be denied; then the choice lasts as long as the page.
    }
    super({ chosen, dark: chosen === 'system' ? system.matches : chosen === 'dark' });
    this.#system = system;
    this.#apply();
  }

  protected override onMount(): void {
    const follow = (): void => {
      this.choose(this.snapshot.chosen);
    };
    this.#system.addEventListener('change', follow);
    this.own(() => {
      this.#system.removeEventListener('change', follow);
    });
  }

  choose(chosen: Theme): void {
    try {
      if (chosen === 'system') localStorage.removeItem(STORED_AS);
      else localStorage.setItem(STORED_AS, chosen);
    } catch {
      // As above.
    }
    this.set({ chosen, dark: chosen === 'system' ? this.#system.matches : chosen === 'dark' });
    this.#apply();
  }

  #apply(): void {
    const { classList } = document.documentElement;
    classList.toggle('cpd-theme-dark', this.snapshot.dark);
    classList.toggle('cpd-theme-light', !this.snapshot.dark);
  }
}
