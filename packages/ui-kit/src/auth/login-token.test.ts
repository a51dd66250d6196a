// @vitest-environment happy-dom
import { beforeEach, expect, test } from 'vitest';
import { rememberPlace, takeLoginToken } from './login-token.ts';

const place = { key: 'test.place', base: '/admin' };
beforeEach(() => {
  sessionStorage.clear();
});
const at = (path: string): void => {
  history.replaceState(null, '', path);
};
const here = (): string => location.pathname + location.search;

test('a token is taken once, and the page is where it was before single sign-on', () => {
  at('/admin/people?q=li');
  rememberPlace(place);
  at('/admin/?loginToken=abc');
  expect(takeLoginToken(place)).toBe('abc');
  expect(here()).toBe('/admin/people?q=li');
  expect(takeLoginToken(place)).toBeUndefined();
});

test('without a place, or with one of another page, only the token goes', () => {
  at('/admin/?a=1&loginToken=abc');
  expect(takeLoginToken(place)).toBe('abc');
  expect(here()).toBe('/admin/?a=1');
  at('/rooms');
  rememberPlace(place);
  at('/admin/?loginToken=def');
  expect(takeLoginToken(place)).toBe('def');
  expect(here()).toBe('/admin/');
});
