// @vitest-environment happy-dom
import { Button } from '@vector-im/compound-web';
import { cleanup, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, describe, expect, test } from 'vitest';
import { renderView, testServices } from '../testing/index.tsx';
import { Dialog, firstOf } from './overlays.tsx';

afterEach(cleanup);

/** What has the focus in a dialog of this content, by its text or label; "title" where it is read first. */
async function first(body: ReactNode, footer?: ReactNode): Promise<string> {
  renderView(
    <Dialog title="title" onClose={() => undefined} footer={footer}>
      {body}
    </Dialog>,
    await testServices({ answer: () => undefined }),
  );
  const found = firstOf(screen.getByRole('dialog', { hidden: true }));
  return found?.getAttribute('aria-label') ?? found?.textContent ?? 'title';
}

const later = (
  <Button kind="secondary" size="md">
    Later
  </Button>
);
const go = (props: { destructive?: boolean; disabled?: boolean } = {}): ReactNode => (
  <Button kind="primary" size="md" {...props}>
    Go
  </Button>
);

describe('the focus of a dialog begins', () => {
  test('on what is to be filled in', async () => {
    expect(
      await first(
        <input aria-label="Name" />,
        <>
          {later}
          {go()}
        </>,
      ),
    ).toBe('Name');
  });

  test('of a choice on what is chosen', async () => {
    const radios = (
      <>
        <input type="radio" name="n" aria-label="One" />
        <input type="radio" name="n" aria-label="Two" defaultChecked />
      </>
    );
    expect(await first(radios, go())).toBe('Two');
  });

  test('on what the dialog is for, never on "later"', async () => {
    expect(
      await first(
        <p>text</p>,
        <>
          {later}
          {go()}
        </>,
      ),
    ).toBe('Go');
  });

  test('on what leaves everything as it is, before what cannot be undone', async () => {
    expect(
      await first(
        <p>text</p>,
        <>
          {later}
          {go({ destructive: true })}
        </>,
      ),
    ).toBe('Later');
  });

  test('on the title, while what is meant cannot be pressed', async () => {
    expect(
      await first(
        <p>text</p>,
        <>
          {later}
          {go({ disabled: true })}
        </>,
      ),
    ).toBe('title');
  });

  test('on the first way on, where the end has only "later"', async () => {
    expect(await first(<button type="button">Confirm with another device</button>, later)).toBe(
      'Confirm with another device',
    );
    cleanup();
    expect(await first(<p>waiting</p>, later)).toBe('title');
  });
});
