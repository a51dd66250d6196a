import { describe, expect, it } from 'vitest';
import { duration, withSection } from './report.ts';

describe('benchmark report', () => {
  it('adds a section and replaces it the next time', () => {
    const one = withSection('', 'org', 'first');
    expect(one).toContain('# Benchmarks');
    const two = withSection(one, 'bots', 'other');
    const three = withSection(two, 'org', 'second');
    expect(three).not.toContain('first');
    expect(three.indexOf('second')).toBeLessThan(three.indexOf('other'));
    expect(three.match(/bench org: begin/g)).toHaveLength(1);
  });

  it('writes times for people', () => {
    expect(duration(12.34)).toBe('12.3 s');
    expect(duration(245)).toBe('4 min 5 s');
  });
});
