import type { Department, Person } from '@qiao/org/contract';

/** A department as the server answers it. */
export const aDepartment = (given: Partial<Department> = {}): Department => ({
  id: 'd1',
  external_id: null,
  name: 'Sales',
  parent_id: null,
  position: 0,
  hidden: false,
  include_sub: false,
  state: 'active',
  heads: [],
  member_count: 0,
  total_count: 0,
  space_id: null,
  room_id: null,
  editable: true,
  version: 1,
  ...given,
});

/** A person as the server answers it. */
export const aPerson = (given: Partial<Person> = {}): Person => ({
  id: 'p1',
  external_id: null,
  user_id: '@zhang.san:example.org',
  display_name: '张三',
  given_name: null,
  family_name: null,
  email: 'zhang.san@example.org',
  phone: null,
  title: '工程师',
  locale: null,
  manager: null,
  status: 'active',
  account: 'created',
  activated_at: null,
  keys_at: null,
  starts_on: null,
  ends_on: null,
  departments: [],
  source: null,
  editable: true,
  version: 1,
  ...given,
});
