/*
 * The look, set before the page is first drawn: a script of its own in the page's head, because the policy of the
 * gateway allows none in the page itself. The theme model of the ui-kit does the same later on. A brand's colours
 * need no script: `/brand.css` holds back the first paint.
 */
(() => {
  let chosen = '';
  try {
    chosen = localStorage.getItem('qiao.theme') ?? '';
  } catch {
    // Storage may be denied.
  }
  const dark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  const contrast = chosen === 'contrast' || matchMedia('(prefers-contrast: more)').matches;
  const { classList } = document.documentElement;
  classList.add(dark ? 'cpd-theme-dark' : 'cpd-theme-light');
  if (contrast) classList.add('q-contrast');
})();
