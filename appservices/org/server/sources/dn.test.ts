import { expect, test } from 'vitest';
import { plainDn, splitDn } from './dn.ts';

test.each([
  ['cn=Doe\\2C Jane,ou=Sales\\2C EMEA,dc=corp', 'cn=Doe\\, Jane,ou=Sales\\, EMEA,dc=corp'],
  ['cn="Doe, Jane",ou="Sales, EMEA",dc=corp', 'cn=Doe\\, Jane,ou=Sales\\, EMEA,dc=corp'],
  ['cn=Doe\\, Jane , ou=Sales\\, EMEA, dc=corp', 'CN=doe\\, jane,OU=sales\\, emea,DC=corp'],
  ['uid=pat.poe+cn=Poe,dc=corp', 'cn=Poe + uid=pat.poe,dc=corp'],
  ['cn=\\E5\\BC\\A0\\E4\\BC\\9F,dc=corp', 'cn=张伟,dc=corp'],
  ['commonName=A;organizationalUnitName=B', '2.5.4.3=a,OID.2.5.4.11=b'],
  ['cn=A  B,dc=corp', 'cn=a b,dc=corp'],
  ['cn=A\\+B,dc=corp', 'cn="A+B",dc=corp'],
])('%s is %s', (one, other) => {
  expect(plainDn(one)).toBe(plainDn(other));
});

test.each([
  ['cn=A\\+uid\\=B,dc=corp', 'cn=A+uid=B,dc=corp'],
  ['cn=Doe\\, Jane,dc=corp', 'cn=Doe,cn=Jane,dc=corp'],
  ['cn=张伟,dc=corp', 'cn=张玮,dc=corp'],
])('%s is not %s', (one, other) => {
  expect(plainDn(one)).not.toBe(plainDn(other));
});

test('a name has its parts from the leaf up', () => {
  expect(splitDn('cn=Doe\\, Jane,ou="Sales, EMEA",dc=corp')).toEqual([
    'cn=doe\\, jane',
    'ou=sales\\, emea',
    'dc=corp',
  ]);
});
