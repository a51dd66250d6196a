// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { renderView, testServices } from '../testing/index.tsx';
import { FormShell, PasswordField, SearchBox, SearchPicker, TextField, type Choice } from './fields.tsx';

afterEach(cleanup);
const services = () => testServices({ answer: () => undefined });

test('Enter that ends a composition of an input method does not pick', async () => {
  const picked = vi.fn();
  const search = (): Promise<Choice[]> => Promise.resolve([{ id: '1', label: '张三' }]);
  renderView(
    <SearchPicker label="P" value={undefined} onChange={picked} search={search} />,
    await services(),
  );
  const input = screen.getByRole('combobox');
  fireEvent.click(input);
  await screen.findByRole('option', { name: '张三' });
  fireEvent.keyDown(input, { key: 'Enter', isComposing: true });
  expect(picked).not.toHaveBeenCalled();
  fireEvent.keyDown(input, { key: 'Enter' });
  expect(picked).toHaveBeenCalledWith({ id: '1', label: '张三' });
});

test('Enter that ends a composition does not send a form', async () => {
  const sent = vi.fn();
  renderView(
    <FormShell onSubmit={sent}>
      <TextField label="N" value="" onChange={() => undefined} />
    </FormShell>,
    await services(),
  );
  // A browser sends the form unless the key press is prevented.
  expect(fireEvent.keyDown(screen.getByLabelText('N'), { key: 'Enter', isComposing: true })).toBe(false);
  expect(fireEvent.keyDown(screen.getByLabelText('N'), { key: 'Enter' })).toBe(true);
});

test.each([
  ['en', 'Show', 'Hide'],
  ['zh-Hans', '显示', '隐藏'],
] as const)('a password is shown and hidden again, in %s', async (locale, show, hide) => {
  renderView(
    <PasswordField label="P" value="secret" onChange={() => undefined} />,
    await testServices({ locale, answer: () => undefined }),
  );
  const input = screen.getByLabelText('P');
  expect(input.getAttribute('type')).toBe('password');
  fireEvent.click(screen.getByRole('button', { name: show }));
  expect(input.getAttribute('type')).toBe('text');
  fireEvent.click(screen.getByRole('button', { name: hide }));
  expect(input.getAttribute('type')).toBe('password');
});

test('a search waits for the end of a composition', async () => {
  const found: string[] = [];
  function Box() {
    const [value, setValue] = useState('');
    return (
      <SearchBox
        label="S"
        value={value}
        onChange={(next) => {
          found.push(next);
          setValue(next);
        }}
      />
    );
  }
  renderView(<Box />, await services());
  const input = screen.getByRole('searchbox');
  fireEvent.compositionStart(input);
  fireEvent.change(input, { target: { value: 'zhang' } });
  fireEvent.change(input, { target: { value: '张' } });
  fireEvent.compositionEnd(input);
  await waitFor(() => {
    expect(found).toEqual(['张']);
  });
});
