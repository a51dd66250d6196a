import { useEntering, useServices } from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';
import { AsksContext } from './asks-context.ts';
import { RoomAsksViewModel } from './RoomAsksViewModel.ts';

/** Lets the messages of a conversation say what became of their questions. */
export function RoomAsks(props: { roomId: string; children: ReactNode }): ReactNode {
  const services = useServices();
  const [model] = useState(() => new RoomAsksViewModel(services, props.roomId));
  useEffect(() => model.mount(), [model]);
  useEntering(model);
  return <AsksContext value={model}>{props.children}</AsksContext>;
}
