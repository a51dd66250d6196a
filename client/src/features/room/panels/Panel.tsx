import { Busy, EmptyState, ErrorBoundary, useServices, useText } from '@qiao/ui-kit';
import { lazy, Suspense, type ComponentType, type LazyExoticComponent, type ReactNode } from 'react';
import type { RoomInfo, RoomInfoStore } from '../../../matrix/room-info-store.ts';
import { modules } from '../../../modules.ts';
import { useRoom } from '../room-context.ts';
import { TileFailed } from '../DomainTile.tsx';
import { InfoPanel } from './InfoPanel.tsx';
import { MembersPanel } from './MembersPanel.tsx';
import { PanelFrame } from './PanelFrame.tsx';
import { PinnedPanel } from './PinnedPanel.tsx';
import { ThreadPanel } from './ThreadPanel.tsx';
import { ThreadsPanel } from './ThreadsPanel.tsx';

const PersonPanel = lazy(() => import('../../directory/PersonPanel.tsx'));
const SearchPanel = lazy(() => import('../../search/SearchPanel.tsx'));

type DomainView = LazyExoticComponent<
  ComponentType<{ room: { roomId: string; name: string; encrypted: boolean }; onClose: () => void }>
>;

const domainPanels = modules.flatMap((module) =>
  (module.client?.panels ?? []).map((panel) => ({ ...panel, View: lazy(panel.load) as DomainView })),
);

/** The panel that the address names. */
export default function Panel(props: {
  panel: string;
  eventId: string | undefined;
  /** Whom the person's panel shows. */
  userId: string | undefined;
  onBack: (() => void) | undefined;
  info: RoomInfo;
  model: RoomInfoStore;
  onClose: () => void;
  onLeft: () => void;
}): ReactNode {
  const { t } = useText('room');
  const { i18n, session } = useServices();
  const { ref } = useRoom();
  const { panel, eventId, onClose } = props;
  if (panel === 'thread' && eventId !== undefined) return <ThreadPanel eventId={eventId} onClose={onClose} />;
  if (panel === 'search') {
    return (
      <div className="c-panel">
        <Suspense fallback={<Busy />}>
          <SearchPanel roomId={ref.roomId} onClose={onClose} />
        </Suspense>
      </div>
    );
  }
  if (panel === 'person' && props.userId !== undefined) {
    return (
      <PanelFrame title={t('panel.person')} onClose={onClose} onBack={props.onBack}>
        <Suspense fallback={<Busy />}>
          <PersonPanel userId={props.userId} />
        </Suspense>
      </PanelFrame>
    );
  }
  if (panel === 'threads') return <ThreadsPanel onClose={onClose} />;
  if (panel === 'pinned') return <PinnedPanel onClose={onClose} />;
  if (panel === 'members') return <MembersPanel info={props.info} onClose={onClose} />;
  if (panel === 'info') {
    return <InfoPanel info={props.info} model={props.model} onClose={onClose} onLeft={props.onLeft} />;
  }
  const domain = domainPanels.find((each) => each.id === panel && each.allowed(session));
  if (!domain) {
    return (
      <PanelFrame title={t('panel.label')} onClose={onClose}>
        <EmptyState compact title={t('panel.none')} />
      </PanelFrame>
    );
  }
  return (
    <PanelFrame title={i18n.t(domain.title)} onClose={onClose}>
      <div className="c-panel__body">
        <ErrorBoundary at={domain.id} fallback={(_error, reset) => <TileFailed reset={reset} />}>
          <Suspense fallback={<Busy />}>
            <domain.View room={ref} onClose={onClose} />
          </Suspense>
        </ErrorBoundary>
      </div>
    </PanelFrame>
  );
}
