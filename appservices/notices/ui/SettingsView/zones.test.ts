import { describe, expect, test } from 'vitest';
import { findZones, zoneOf, zonesFor } from './zones.ts';

const now = new Date('2026-07-01T00:00:00Z');
const ids = (zones: readonly { id: string }[]): string[] => zones.map(({ id }) => id);

describe('time zones', () => {
  test('have names in the language of the reader', () => {
    expect(zoneOf('America/New_York', 'zh-Hans', now)).toMatchObject({
      label: '纽约时间',
      note: 'UTC-04:00 · 北美东部夏令时间',
    });
    expect(zoneOf('America/New_York', 'en', now)).toMatchObject({
      label: 'New York',
      note: 'UTC-04:00 · Eastern Daylight Time',
    });
    expect(zoneOf('Asia/Shanghai', 'zh-Hans', now).label).toBe('中国时间');
    for (const { label } of zonesFor('zh-Hans', 'UTC', now)) expect(label).toMatch(/\p{Script=Han}/u);
  });

  test('begin with the browser’s own, and each is there once', () => {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = zonesFor('en', 'Asia/Shanghai', now);
    expect(zones[0]?.id).toBe(own);
    expect(new Set(ids(zones)).size).toBe(zones.length);
    expect(zones.length).toBeGreaterThan(400);
  });

  test('are found by place, name, offset and IANA name', () => {
    const zones = zonesFor('zh-Hans', 'UTC', now);
    expect(ids(findZones(zones, '纽约'))).toEqual(['America/New_York']);
    expect(ids(findZones(zones, 'new york'))).toEqual(['America/New_York']);
    expect(ids(findZones(zones, 'utc+05:45'))).toEqual(ids(findZones(zones, '尼泊尔')));
    expect(ids(findZones(zones, 'UTC+8'))).toContain('Asia/Shanghai');
    expect(ids(findZones(zones, '中国 +08'))).toContain('Asia/Shanghai');
    expect(findZones(zones, '没有这里')).toEqual([]);
  });
});
