/** Marks in a browser's name of itself, the special before the general: Edge says Chrome, too, Android says Linux. */
const BROWSERS = [
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const SYSTEMS = [
  ['Windows', 'Windows'],
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const;

/** What the browser and system call themselves, for lists of devices: `Chrome, Linux`. */
export function platformName(agent = navigator.userAgent): string {
  const named = (marks: readonly (readonly [string, string])[]): string | undefined =>
    marks.find(([mark]) => agent.includes(mark))?.[1];
  const system = named(SYSTEMS);
  return [named(BROWSERS) ?? 'Web', ...(system === undefined ? [] : [system])].join(', ');
}

/** How a browser installs a page as an app where it makes no offer of its own; `none`: it cannot. */
export type InstallWay = 'ios' | 'safari' | 'android' | 'chromium' | 'none';

/** @param touchPoints `navigator.maxTouchPoints`: an iPad calls itself a Mac, but no Mac has a touch screen */
export function installWay(agent = navigator.userAgent, touchPoints = navigator.maxTouchPoints): InstallWay {
  if (/iPhone|iPad|iPod/.test(agent) || (agent.includes('Macintosh') && touchPoints > 1)) return 'ios';
  if (agent.includes('Android')) return 'android';
  if (/(Chrome|Edg)\//.test(agent)) return 'chromium';
  return agent.includes('Macintosh') && agent.includes('Safari/') ? 'safari' : 'none';
}
