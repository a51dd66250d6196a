/** Files of the build to ask for early; written into the finished script (`vite.config.ts`), absent in development. */
declare const __EARLY__: { readonly form: readonly string[]; readonly device: readonly string[] } | undefined;

/*
 * The look, set before the page is first drawn: a script of its own in the page's head, because the policy of the
 * gateway allows none in the page itself. The theme model of the ui-kit does the same later on. A brand's colours
 * need no script: `/brand.css` holds back the first paint.
 */
(() => {
  let chosen = '';
  let here = false;
  try {
    chosen = localStorage.getItem('qiao.theme') ?? '';
    // As `app/boot.ts` sets it.
    here = localStorage.getItem('qiao.here') !== null;
  } catch {
    // Storage may be denied.
  }
  const dark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  const contrast = chosen === 'contrast' || matchMedia('(prefers-contrast: more)').matches;
  const { classList } = document.documentElement;
  classList.add(dark ? 'cpd-theme-dark' : 'cpd-theme-light');
  if (contrast) classList.add('q-contrast');

  // What comes next, asked for before the scripts that need it have run.
  if (typeof __EARLY__ === 'undefined') return;
  for (const href of here ? __EARLY__.device : __EARLY__.form) {
    const link = document.createElement('link');
    if (href.endsWith('.css')) {
      link.rel = 'preload';
      link.as = 'style';
    } else link.rel = 'modulepreload';
    link.href = href;
    document.head.append(link);
  }
})();
