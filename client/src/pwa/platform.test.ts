import { describe, expect, test } from 'vitest';
import { installWay, platformName } from './platform.ts';

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const AGENTS = {
  safari: `${MAC} Version/18.1 Safari/605.1.15`,
  edge: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0',
  android:
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
} as const;

describe('browsers', () => {
  test.each([
    ['safari', 0, 'safari'],
    // An iPad, which calls itself a Mac.
    ['safari', 5, 'ios'],
    ['iphone', 5, 'ios'],
    ['android', 5, 'android'],
    ['edge', 0, 'chromium'],
    ['firefox', 0, 'none'],
  ] as const)('%s with %i touch points is installed the way of %s', (agent, touch, way) => {
    expect(installWay(AGENTS[agent], touch)).toBe(way);
  });

  test.each([
    ['safari', 'Safari, macOS'],
    ['edge', 'Edge, Windows'],
    ['android', 'Chrome, Android'],
    ['firefox', 'Firefox, Linux'],
    ['iphone', 'Safari, iPhone'],
  ] as const)('%s is called %s', (agent, name) => {
    expect(platformName(AGENTS[agent])).toBe(name);
  });
});
