import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  DataTable,
  Loaded,
  PageHead,
  Skeleton,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { lazy, Suspense, type ReactNode } from 'react';
import { modules } from '../../modules.ts';
import { HealthViewModel, type PartReport } from './HealthViewModel.ts';

const parts = modules.flatMap((module) => {
  const health = module.console?.health;
  return health ? [{ id: module.id, allowed: health.allowed, View: lazy(health.load) }] : [];
});

/** Whether everything runs, and what each domain says about its own work. */
export default function HealthPage(): ReactNode {
  const { t, format } = useText('admin');
  const services = useServices();
  const { i18n, session } = services;
  const [{ health }, model] = useViewModel(() => new HealthViewModel(services));
  const nameOf = (part: string): string => {
    const key = `admin:health.parts.${part.replaceAll('.', '_')}`;
    return i18n.instance.exists(key) ? i18n.t(key) : part;
  };
  const detailOf = ({ code, detail, params = {} }: PartReport): string => {
    const key = `admin:health.details.${code ?? ''}`;
    if (code === undefined || !i18n.instance.exists(key)) return detail ?? '';
    const numbers = Object.entries(params).map(([name, count]) => [name, format.number(count)]);
    return i18n.t(key, Object.fromEntries(numbers) as Record<string, string>);
  };
  return (
    <>
      <PageHead
        title={t('health.title')}
        intro={t('health.intro')}
        actions={
          <Button kind="secondary" size="md" onClick={model.refresh}>
            {t('health.refresh')}
          </Button>
        }
      />
      <div className="q-stack q-stack--wide">
        <Loaded of={health} skeleton={<Skeleton lines={4} />}>
          {(report) => (
            <>
              <Banner
                tone={report.status === 'ok' ? 'good' : 'bad'}
                title={report.status === 'ok' ? t('health.all_well') : t('health.not_well')}
              >
                {report.status === 'ok' ? null : t('health.not_well_text')}
              </Banner>
              <Card flush title={t('health.parts_title')}>
                <DataTable
                  caption={t('health.parts_title')}
                  dense
                  rows={Object.entries(report.parts)}
                  rowKey={([name]) => name}
                  columns={[
                    { id: 'part', header: t('health.part'), kind: 'main', cell: ([name]) => nameOf(name) },
                    {
                      id: 'state',
                      header: t('health.state'),
                      width: 'narrow',
                      cell: ([, part]) => (
                        <Tag tone={part.ok ? 'good' : 'bad'}>
                          {part.ok ? t('health.ok') : t('health.failing')}
                        </Tag>
                      ),
                    },
                    {
                      id: 'detail',
                      header: t('health.detail'),
                      cell: ([, part]) => {
                        const detail = detailOf(part);
                        return detail === '' ? null : <span className="q-muted">{detail}</span>;
                      },
                    },
                  ]}
                />
              </Card>
            </>
          )}
        </Loaded>
        {/* After what is above them: nothing that is read already moves. */}
        {health.state !== 'loading' &&
          parts
            .filter((part) => part.allowed(session))
            .map(({ id, View }) => (
              <Suspense key={id} fallback={<Skeleton lines={6} />}>
                <View />
              </Suspense>
            ))}
      </div>
    </>
  );
}
