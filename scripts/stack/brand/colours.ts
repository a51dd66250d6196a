/* Colours of a brand: contrast by WCAG 2.2 (1.4.3, 1.4.6), and the shades that are derived from one accent. */

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Contrast that text needs: AA, and AAA for the high contrast theme. */
export const AA = 4.5;
export const AAA = 7;

/** What an accent is read on, in each scheme: those of the ui-kit's theme. `on` is the text on a filled button. */
export const grounds = {
  light: { surface: '#ffffff', page: '#f7f8f9', rail: '#f1f3f5', on: '#ffffff', away: '#000000', soft: 0.1 },
  dark: { surface: '#171b20', page: '#101317', rail: '#14181c', on: '#101317', away: '#ffffff', soft: 0.16 },
} as const;
export type Scheme = keyof typeof grounds;

/** Reads `#rrggbb`; undefined where it is none. */
export function parseHex(text: string): Rgb | undefined {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (!found) return undefined;
  const [, red = '', green = '', blue = ''] = found;
  return [parseInt(red, 16), parseInt(green, 16), parseInt(blue, 16)];
}

const rgb = (text: string): Rgb => parseHex(text) ?? [0, 0, 0];
const hex = (colour: Rgb): string =>
  `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

/** Relative luminance (WCAG 2.2), 0 to 1. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast ratio of two `#rrggbb` colours (WCAG 2.2), 1 to 21. */
export function contrast(one: string, other: string): number {
  const [high, low] = [luminance(rgb(one)), luminance(rgb(other))].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** `share` of the first colour, the rest of the second. */
export function mix(one: string, other: string, share: number): string {
  const [first, second] = [rgb(one), rgb(other)];
  return hex(first.map((part, at) => part * share + (second[at] ?? 0) * (1 - share)) as unknown as Rgb);
}

/** The worst ground of an accent, and the contrast on it. */
export function worst(accent: string, scheme: Scheme): { ground: string; ratio: number } {
  const { surface, rail, on, soft } = grounds[scheme];
  const all = [surface, rail, on, mix(accent, surface, soft)].map((ground) => ({
    ground,
    ratio: contrast(accent, ground),
  }));
  return all.reduce((low, each) => (each.ratio < low.ratio ? each : low));
}

/** The nearest shade of an accent that is readable; the accent itself where it is. */
export function readable(accent: string, scheme: Scheme, wanted: number): string {
  for (let share = 1; share > 0; share -= 0.02) {
    const shade = mix(accent, grounds[scheme].away, share);
    if (worst(shade, scheme).ratio >= wanted) return shade;
  }
  return grounds[scheme].away;
}

/** The variables of the ui-kit's theme that follow from an accent. */
export function shades(accent: string, scheme: Scheme): Record<string, string> {
  const { surface, away, soft } = grounds[scheme];
  return {
    '--q-accent': accent,
    '--q-accent-strong': mix(accent, away, 0.8),
    '--q-accent-deep': mix(accent, away, 0.6),
    '--q-accent-soft': mix(accent, surface, soft),
    '--q-accent-line': mix(accent, surface, 0.32),
  };
}
