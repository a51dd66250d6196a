// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { Refuse, renderView, testServices } from '@qiao/ui-kit/testing';
import { afterEach, expect, test } from 'vitest';
import { orgUi } from '../module.tsx';
import { aPerson } from '../testing/builders.ts';
import { PersonDrawer } from './PersonDrawer.tsx';

afterEach(cleanup);

test.each([
  ['E-mail', 'email', 'This is no e-mail address.'],
  ['Phone', 'phone', 'This is no phone number'],
])('%s: what the server does not take is told at its field, and nowhere else', async (label, field, told) => {
  const services = await testServices({
    catalogues: { org: orgUi.strings },
    answer: ({ method }) => {
      if (method === 'GET')
        return { ...aPerson(), history: [], reports: [], reporting_line: [], offboarding_id: null };
      throw new Refuse(400, 'platform.bad_request', { field });
    },
  });
  renderView(<PersonDrawer id="p1" onClose={() => undefined} />, services);
  fireEvent.click(await screen.findByRole('button', { name: 'Edit' }));
  const dialog = within(await screen.findByRole('dialog', { name: /张三/ }));
  fireEvent.change(dialog.getByLabelText(new RegExp(`^${label}`)), { target: { value: 'wrong' } });
  fireEvent.click(dialog.getByRole('button', { name: 'Save' }));
  await dialog.findByText(told, { exact: false });
  const input = dialog.getByLabelText(new RegExp(`^${label}`));
  expect(input.getAttribute('aria-invalid')).toBe('true');
  expect(services.toasts.getSnapshot().toasts).toEqual([]);
});
