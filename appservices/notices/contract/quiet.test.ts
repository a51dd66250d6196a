import { describe, expect, it } from 'vitest';
import { isQuiet, isZone, nextAwake, quietMinutes, type QuietHours } from './quiet.ts';

const hours = (zone: string, more: Partial<QuietHours> = {}): QuietHours => ({
  zone,
  quiet: true,
  quiet_from: '20:00',
  quiet_to: '08:00',
  quiet_weekends: true,
  paused_until: null,
  ...more,
});
const next = (at: string, quiet: QuietHours): string => nextAwake(new Date(at), quiet).toISOString();

describe('quiet hours', () => {
  it.each([
    // Monday 23 November 2026 in Shanghai (UTC+8, no daylight saving).
    ['2026-11-23T07:59:00+08:00', true],
    ['2026-11-23T08:00:00+08:00', false],
    ['2026-11-23T19:59:59+08:00', false],
    ['2026-11-23T20:00:00+08:00', true],
    ['2026-11-24T00:00:00+08:00', true],
    // Saturday and Sunday, all day; the night before Monday goes on.
    ['2026-11-28T12:00:00+08:00', true],
    ['2026-11-29T12:00:00+08:00', true],
    ['2026-11-30T07:00:00+08:00', true],
  ])('%s', (at, quiet) => {
    expect(isQuiet(new Date(at), hours('Asia/Shanghai'))).toBe(quiet);
  });

  it('is the reader’s time, not the server’s', () => {
    const at = '2026-11-23T13:00:00Z';
    expect(isQuiet(new Date(at), hours('Asia/Shanghai'))).toBe(true);
    expect(isQuiet(new Date(at), hours('Europe/Berlin'))).toBe(false);
  });

  it.each([
    ['2026-11-23T10:00:30Z', '2026-11-23T10:00:30.000Z'],
    ['2026-11-23T12:00:30Z', '2026-11-24T00:00:00.000Z'],
    // Friday evening to Monday morning.
    ['2026-11-27T12:00:00Z', '2026-11-30T00:00:00.000Z'],
  ])('ends after %s at %s', (at, expected) => {
    expect(next(at, hours('Asia/Shanghai'))).toBe(expected);
  });

  it('follows daylight saving', () => {
    const berlin = hours('Europe/Berlin', { quiet_weekends: false });
    // 29 March 2026: 02:00 becomes 03:00, so 08:00 is 06:00 UTC and not 07:00.
    expect(next('2026-03-28T22:00:00Z', berlin)).toBe('2026-03-29T06:00:00.000Z');
    expect(next('2026-03-27T22:00:00Z', berlin)).toBe('2026-03-28T07:00:00.000Z');
    // 25 October 2026: 03:00 becomes 02:00.
    expect(next('2026-10-24T22:00:00Z', berlin)).toBe('2026-10-25T07:00:00.000Z');
  });

  it('finds an end inside an hour that daylight saving leaves out', () => {
    const newYork = hours('America/New_York', { quiet_to: '02:30', quiet_weekends: false });
    // 8 March 2026: 02:00 becomes 03:00; 02:30 is never on the clock.
    expect(next('2026-03-08T06:00:00Z', newYork)).toBe('2026-03-08T07:00:00.000Z');
  });

  it('takes zones of half and quarter hours to the minute', () => {
    const options = { quiet_weekends: false, quiet_to: '08:07' };
    expect(next('2026-11-23T16:00:00Z', hours('Asia/Kathmandu', options))).toBe('2026-11-24T02:22:00.000Z');
    expect(next('2026-11-23T16:00:00Z', hours('Australia/Lord_Howe', options))).toBe(
      '2026-11-23T21:07:00.000Z',
    );
  });

  it('can be the day, weekends alone, or nothing', () => {
    const night = hours('Asia/Shanghai', { quiet_from: '08:00', quiet_to: '20:00' });
    expect(next('2026-11-23T04:00:00Z', night)).toBe('2026-11-23T12:00:00.000Z');
    const weekends = hours('Asia/Shanghai', { quiet: false });
    expect(next('2026-11-23T15:00:00Z', weekends)).toBe('2026-11-23T15:00:00.000Z');
    expect(next('2026-11-28T15:00:00Z', weekends)).toBe('2026-11-29T16:00:00.000Z');
    const none = hours('Asia/Shanghai', { quiet: false, quiet_weekends: false });
    expect(isQuiet(new Date('2026-11-28T15:00:00Z'), none)).toBe(false);
    expect(isQuiet(new Date('2026-11-23T15:00:00Z'), hours('Asia/Shanghai', { quiet_to: '20:00' }))).toBe(
      false,
    );
  });

  it('finds a short time awake, wherever it lies', () => {
    for (let minute = 0; minute < 24 * 60; minute += 77) {
      const clock = (at: number): string =>
        `${String(Math.floor(at / 60) % 24).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`;
      const short = hours('UTC', {
        quiet_from: clock(minute + 60),
        quiet_to: clock(minute),
        quiet_weekends: false,
      });
      expect(quietMinutes(short.quiet_from, short.quiet_to)).toBe(23 * 60);
      const found = nextAwake(new Date('2026-11-23T00:00:00Z'), short);
      expect(isQuiet(found, short)).toBe(false);
      expect(found.getTime() % 60_000).toBe(0);
    }
  });

  it('lasts as long as one is not to be disturbed, and then what else is quiet', () => {
    const paused = hours('Asia/Shanghai', { paused_until: '2026-11-23T06:00:00.000Z' });
    expect(isQuiet(new Date('2026-11-23T05:59:59Z'), paused)).toBe(true);
    expect(next('2026-11-23T04:00:00Z', paused)).toBe('2026-11-23T06:00:00.000Z');
    const evening = hours('Asia/Shanghai', { paused_until: '2026-11-23T13:00:00.000Z' });
    expect(next('2026-11-23T04:00:00Z', evening)).toBe('2026-11-24T00:00:00.000Z');
  });

  it('knows zones', () => {
    expect(isZone('Asia/Shanghai')).toBe(true);
    expect(isZone('Middle/Earth')).toBe(false);
  });
});
