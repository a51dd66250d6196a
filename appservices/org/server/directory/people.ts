import { makeErrors, platformErrors } from '@qiao/platform';
import { orgErrorTable } from '../../contract/errors.ts';
import type { Placement } from '../changes.ts';
import { cleanName } from '../names.ts';

const errors = makeErrors('org', orgErrorTable);

/** Longest values, in code points, as the contract has them. */
const MAX_NAME = 256;
const EMAIL = /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/u;
const PHONE = /^[\d+()./\-\s#*x]+$/i;

/** Facts as they come from a form. */
export interface PersonForm {
  display_name?: string;
  given_name?: string | null;
  family_name?: string | null;
  email?: string | null;
  phone?: string | null;
  title?: string | null;
  locale?: 'zh-Hans' | 'en' | null;
  manager_id?: string | null;
  external_id?: string | null;
  starts_on?: string | null;
  ends_on?: string | null;
}

const blank = (text: string | null): boolean => text === null || text.trim() === '';

const optionalName = (text: string | null): string | null => {
  if (text === null || blank(text)) return null;
  const clean = cleanName(text, MAX_NAME);
  if (clean === undefined) throw errors.name_not_valid();
  return clean;
};

const isDate = (text: string): boolean => {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
};

/**
 * The form's values as they are kept: names clean, blanks null; only fields that are there.
 * @throws DomainError `org.name_not_valid`, `platform.bad_request`
 */
export function cleanForm(form: PersonForm): PersonForm {
  const clean: PersonForm = {};
  if (form.display_name !== undefined) {
    const name = cleanName(form.display_name, MAX_NAME);
    if (name === undefined) throw errors.name_not_valid();
    clean.display_name = name;
  }
  for (const key of ['given_name', 'family_name', 'title', 'external_id'] as const) {
    const value = form[key];
    if (value !== undefined) clean[key] = optionalName(value);
  }
  if (form.email !== undefined) {
    const email = form.email === null || blank(form.email) ? null : form.email.trim().normalize('NFC');
    if (email !== null && (!EMAIL.test(email) || cleanName(email, 320) !== email)) {
      throw platformErrors.bad_request({ reason: 'org.email' }, { field: 'email' });
    }
    clean.email = email;
  }
  if (form.phone !== undefined) {
    const phone = form.phone === null || blank(form.phone) ? null : form.phone.trim();
    if (phone !== null && !PHONE.test(phone))
      throw platformErrors.bad_request({ reason: 'org.phone' }, { field: 'phone' });
    clean.phone = phone;
  }
  for (const key of ['starts_on', 'ends_on'] as const) {
    const value = form[key];
    if (value === undefined) continue;
    if (value !== null && !isDate(value))
      throw platformErrors.bad_request({ reason: `org.${key}` }, { field: key });
    clean[key] = value;
  }
  if (form.locale !== undefined) clean.locale = form.locale;
  if (form.manager_id !== undefined) clean.manager_id = form.manager_id;
  return clean;
}

/**
 * Places as wished, with exactly one primary: the marked one, else the first.
 * @param primaryElsewhere a place that is not the actor's to change is the primary one already
 * @throws DomainError `platform.bad_request` for two primary places or one department twice
 */
export function wishedPlaces(
  wishes: readonly {
    department_id: string;
    is_primary?: boolean;
    is_head?: boolean;
    title?: string | null;
  }[],
  primaryElsewhere: boolean,
): Placement[] {
  const places = wishes.map((wish) => ({
    department_id: wish.department_id,
    is_primary: wish.is_primary ?? false,
    is_head: wish.is_head ?? false,
    title: optionalName(wish.title ?? null),
  }));
  if (new Set(places.map((place) => place.department_id)).size < places.length) {
    throw platformErrors.bad_request({ reason: 'org.departments' }, { field: 'departments' });
  }
  const primaries = places.filter((place) => place.is_primary).length + (primaryElsewhere ? 1 : 0);
  if (primaries > 1) throw platformErrors.bad_request({ reason: 'org.is_primary' }, { field: 'departments' });
  const [first] = places;
  if (primaries === 0 && first) first.is_primary = true;
  return places;
}
