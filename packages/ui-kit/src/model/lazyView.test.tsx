// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { startTransition, Suspense, useState, type ReactNode } from 'react';
import { afterEach, expect, test } from 'vitest';
import { lazyView } from './lazyView.tsx';

afterEach(cleanup);

function Box(props: { label: string }): ReactNode {
  return <input aria-label={props.label} />;
}

test('a view that was waited for in a transition keeps what was typed into it when it is drawn again', async () => {
  const View = lazyView(() => Promise.resolve({ default: Box }));
  function Holder(): ReactNode {
    const [label, setLabel] = useState<string>();
    return (
      <Suspense fallback="loading">
        <button
          onClick={() => {
            startTransition(() => {
              setLabel(label === undefined ? 'first' : 'second');
            });
          }}
        />
        {label !== undefined && <View label={label} />}
      </Suspense>
    );
  }
  render(<Holder />);
  fireEvent.click(screen.getByRole('button'));
  fireEvent.change(await screen.findByRole('textbox', { name: 'first' }), { target: { value: '你好' } });
  fireEvent.click(screen.getByRole('button'));
  expect((await screen.findByRole<HTMLInputElement>('textbox', { name: 'second' })).value).toBe('你好');
});

test('a view whose code is there is shown without the fallback', async () => {
  const View = lazyView(() => Promise.resolve({ default: Box }));
  await View.preload();
  render(
    <Suspense fallback="loading">
      <View label="first" />
    </Suspense>,
  );
  screen.getByRole('textbox', { name: 'first' });
});

test('loading ahead that fails is tried again when the view is shown', async () => {
  let calls = 0;
  const View = lazyView(() => {
    calls += 1;
    return calls === 1
      ? Promise.reject<{ default: typeof Box }>(new Error('offline'))
      : Promise.resolve({ default: Box });
  });
  await View.preload();
  render(
    <Suspense fallback="loading">
      <View label="first" />
    </Suspense>,
  );
  await screen.findByRole('textbox', { name: 'first' });
  expect(calls).toBe(2);
});
