import { PageHead, Skeleton, useServices, useText } from '@qiao/ui-kit';
import { lazy, Suspense, type ReactNode } from 'react';
import { modules } from '../../modules.ts';

const parts = modules.flatMap((module) =>
  module.console?.overview ? [{ id: module.id, View: lazy(module.console.overview) }] : [],
);

/** The first page after sign-in: what each domain has to say. */
export default function OverviewPage(): ReactNode {
  const { t } = useText('admin');
  const { session } = useServices();
  return (
    <>
      <PageHead title={t('overview.title')} intro={t('overview.intro', { name: session.displayName })} />
      <div className="q-stack q-stack--wide">
        {parts.map(({ id, View }) => (
          <Suspense key={id} fallback={<Skeleton lines={4} block />}>
            <View />
          </Suspense>
        ))}
      </div>
    </>
  );
}
