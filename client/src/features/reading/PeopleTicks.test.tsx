// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { useState, type ReactNode } from 'react';
import { afterEach, expect, test } from 'vitest';
import { MatrixContext } from '../../matrix/context.tsx';
import type { Reader } from '../../matrix/reading.ts';
import type { MatrixSession } from '../../matrix/session.ts';
import { catalogues } from '../../strings/index.ts';
import { PeopleTicks, useReaders } from './PeopleTicks.tsx';

afterEach(cleanup);

/** What the directory says of 员工 07. */
const listing = {
  id: '7',
  user_id: '@p7:x',
  display_name: '员工 07',
  title: '研发经理',
  department_names: ['工程组'],
  can_contact: true,
  activated: true,
};

const people: readonly Reader[] = Array.from({ length: 45 }, (_, index) => ({
  userId: `@p${String(index)}:x`,
  name: `员工 ${String(index).padStart(2, '0')}`,
  readAt: undefined,
}));

function Ticks(): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const search = useReaders(people);
  return (
    <>
      {search.box}
      <PeopleTicks
        label="People"
        people={people.filter(search.fits)}
        among={people}
        who={search.note}
        chosen={chosen}
        isFixed={(userId) => userId === '@p1:x'}
        onChoose={(userId) => {
          setChosen(new Set([...chosen, userId]));
        }}
      />
      <p>{[...chosen].join()}</p>
    </>
  );
}

const ticks = (): HTMLInputElement[] => [
  ...document.querySelectorAll<HTMLInputElement>('input[type=checkbox]'),
];

test('many people come by pages and can be searched; a choice stays while they are', async () => {
  const matrix: unknown = {
    people: { isExternal: () => false, known: () => ({}) },
    search: { places: {} },
  };
  renderView(
    <MatrixContext value={matrix as MatrixSession}>
      <Ticks />
    </MatrixContext>,
    await testServices({
      session: { personId: 'p' },
      catalogues,
      answer: () => ({ items: [listing] }),
    }),
  );
  expect(ticks()).toHaveLength(40);
  fireEvent.click(screen.getByLabelText('员工 03'));
  expect(ticks()[1]?.disabled).toBe(true);
  fireEvent.click(screen.getByText('Show 5 more'));
  expect(ticks()).toHaveLength(45);
  expect(screen.queryByText(/more$/)).toBeNull();
  fireEvent.change(screen.getByLabelText('Find people'), { target: { value: '44' } });
  await expect.poll(() => ticks().length).toBe(1);
  fireEvent.click(screen.getByLabelText('员工 44'));
  await screen.findByText('@p3:x,@p44:x');
  fireEvent.change(screen.getByLabelText('Find people'), { target: { value: 'gcz' } });
  await screen.findByLabelText('员工 07');
  fireEvent.change(screen.getByLabelText('Find people'), { target: { value: '没有' } });
  await expect.poll(() => ticks().length).toBe(0);
});

test('namesakes are told apart by title and department, also where only one of them is shown', async () => {
  const [first, second] = [
    { userId: '@wei1:x', name: '张伟', readAt: 1 },
    { userId: '@wei2:x', name: '张伟', readAt: undefined },
  ];
  const li = { userId: '@li:x', name: '李娜', readAt: undefined };
  renderView(
    <PeopleTicks
      label="People"
      people={[first, li]}
      among={[first, second, li]}
      who={(one) => (one === first ? '研发经理 · 工程组' : '客户代表 · 销售部')}
      chosen={new Set()}
      help={(one) => (one.readAt === undefined ? undefined : 'read')}
      onChoose={() => undefined}
    />,
    await testServices({ answer: () => undefined, catalogues }),
  );
  screen.getByText('研发经理 · 工程组 · read');
  expect(screen.queryByText(/@|客户代表/)).toBeNull();
});
