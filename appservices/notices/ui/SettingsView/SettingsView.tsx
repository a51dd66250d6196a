import { Button } from '@vector-im/compound-web';
import {
  Card,
  FormShell,
  Loaded,
  SearchPicker,
  SelectField,
  TextField,
  ToggleField,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { SettingsViewModel } from './SettingsViewModel.ts';
import { findZones, zoneOf, zonesFor } from './zones.ts';

const INTERVALS_MINUTES = [30, 60, 120, 240, 480, 1440];

/** One of all time zones, found by a place or by how far it is from UTC. */
function ZonePicker(props: { value: string; onChange: (zone: string) => void }): ReactNode {
  const { t, locale } = useText('notices');
  const { value, onChange } = props;
  const [choosing, setChoosing] = useState(false);
  const [at] = useState(() => new Date());
  const all = useMemo(() => (choosing ? zonesFor(locale, value, at) : []), [choosing, locale, value, at]);
  const search = useCallback((query: string) => Promise.resolve(findZones(all, query)), [all]);
  return (
    <SearchPicker
      label={t('settings.zone')}
      help={t('settings.zone_help')}
      placeholder={t('settings.zone_find')}
      value={choosing ? undefined : zoneOf(value, locale, at)}
      onChange={(zone) => {
        setChoosing(zone === undefined);
        if (zone) onChange(zone.id);
      }}
      search={search}
    />
  );
}

/** Quiet hours and reminders. */
export default function SettingsView(): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const [state, model] = useViewModel(() => new SettingsViewModel(services));
  return (
    <Loaded of={state.stored}>
      {(stored) => {
        const now = { ...stored, ...state.changed };
        const intervals = [...new Set([...INTERVALS_MINUTES, now.every_minutes])].sort(
          (one, other) => one - other,
        );
        return (
          <FormShell onSubmit={() => void model.save(t('settings.saved'))}>
            <Card title={t('settings.quiet')} intro={t('settings.quiet_intro')} level={3}>
              <div className="q-stack">
                <ToggleField
                  label={t('settings.quiet_on')}
                  checked={now.quiet}
                  onChange={(quiet) => {
                    model.change({ quiet });
                  }}
                />
                {now.quiet && (
                  <div className="q-grid-2">
                    <TextField
                      type="time"
                      label={t('settings.from')}
                      value={now.quiet_from}
                      onChange={(quiet_from) => {
                        model.change({ quiet_from });
                      }}
                    />
                    <TextField
                      type="time"
                      label={t('settings.to')}
                      value={now.quiet_to}
                      onChange={(quiet_to) => {
                        model.change({ quiet_to });
                      }}
                    />
                  </div>
                )}
                <ToggleField
                  label={t('settings.weekends')}
                  checked={now.quiet_weekends}
                  onChange={(quiet_weekends) => {
                    model.change({ quiet_weekends });
                  }}
                />
                <ToggleField
                  label={t('settings.urgent')}
                  help={t('settings.urgent_help')}
                  checked={now.urgent_through}
                  onChange={(urgent_through) => {
                    model.change({ urgent_through });
                  }}
                />
                <ZonePicker
                  value={now.zone}
                  onChange={(zone) => {
                    model.change({ zone });
                  }}
                />
              </div>
            </Card>
            <Card title={t('settings.reminders')} level={3}>
              <div className="q-stack">
                <SelectField
                  label={t('settings.every')}
                  help={t('settings.every_help')}
                  value={String(now.every_minutes)}
                  options={intervals.map((minutes) => ({
                    value: String(minutes),
                    label:
                      minutes < 60
                        ? t('settings.minutes', { count: minutes })
                        : t('settings.hours', { count: minutes / 60, hours: format.number(minutes / 60) }),
                  }))}
                  onChange={(value) => {
                    model.change({ every_minutes: Number(value) });
                  }}
                />
                <ToggleField
                  label={t('settings.direct')}
                  help={t('settings.direct_help')}
                  checked={now.direct}
                  onChange={(direct) => {
                    model.change({ direct });
                  }}
                />
              </div>
            </Card>
            <div className="q-row">
              <Button
                type="submit"
                kind="primary"
                size="md"
                disabled={state.busy || Object.keys(state.changed).length === 0}
              >
                {t('settings.save')}
              </Button>
            </div>
          </FormShell>
        );
      }}
    </Loaded>
  );
}
