// @vitest-environment happy-dom
import { cleanup, render, screen } from '@testing-library/react';
import { startTransition, Suspense, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, expect, test } from 'vitest';
import { lazyView } from './lazyView.tsx';

afterEach(cleanup);

/** React as it runs in a browser: within `act` it never goes on where it waited. */
const outsideOfAct = async (work: () => Promise<void>): Promise<void> => {
  const here = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
  const before = here.IS_REACT_ACT_ENVIRONMENT;
  here.IS_REACT_ACT_ENVIRONMENT = false;
  try {
    await work();
  } finally {
    Object.assign(here, { IS_REACT_ACT_ENVIRONMENT: before });
  }
};

function Box(props: { label: string }): ReactNode {
  return <input aria-label={props.label} />;
}

test('a view that was waited for in a transition keeps what was typed into it when it is drawn again', () =>
  outsideOfAct(async () => {
    const View = lazyView(() => Promise.resolve({ default: Box }));
    function Holder(): ReactNode {
      const [label, setLabel] = useState<string>();
      return (
        <Suspense fallback="loading">
          <button
            onClick={() => {
              if (label === undefined)
                startTransition(() => {
                  setLabel('first');
                });
              else setLabel('second');
            }}
          />
          {label !== undefined && <View label={label} />}
        </Suspense>
      );
    }
    const place = document.body.appendChild(document.createElement('div'));
    const root = createRoot(place);
    root.render(<Holder />);
    (await screen.findByRole('button')).click();
    const box = await screen.findByRole<HTMLInputElement>('textbox', { name: 'first' });
    box.value = '你好';
    screen.getByRole('button').click();
    expect(await screen.findByRole('textbox', { name: 'second' })).toBe(box);
    expect(box.value).toBe('你好');
    root.unmount();
    place.remove();
  }));

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
