// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { afterEach, expect, test } from 'vitest';
import { orgUi } from '../module.tsx';
import RolesView from './RolesView.tsx';

afterEach(cleanup);

test('roles that come after the dialog has opened: the department administrator is proposed', async () => {
  const roles = Promise.withResolvers<unknown>();
  const role = (id: string, builtin: string) => ({ id, name: id, builtin, permissions: [], version: 1 });
  const services = await testServices({
    catalogues: { org: orgUi.strings },
    session: { permissions: { 'org.role.grant': { company: true, departments: [] } } },
    answer: ({ path }) => (path === '/api/org/roles' ? roles.promise : { items: [], next: null }),
  });
  renderView(<RolesView />, services);
  fireEvent.click(await screen.findByRole('button', { name: 'Give a role' }));
  const dialog = within(screen.getByRole('dialog'));
  const give = dialog.getByRole('button', { name: 'Give a role' });
  expect(give.getAttribute('aria-disabled')).toBe('true');
  roles.resolve({ items: [role('r-main', 'main_admin'), role('r-department', 'department_admin')] });
  await dialog.findByRole('option', { name: 'Department administrator' });
  expect(dialog.getByLabelText<HTMLSelectElement>('Role').value).toBe('r-department');
  expect(give.getAttribute('aria-disabled')).toBe('false');
});
