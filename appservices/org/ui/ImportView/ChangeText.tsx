import { useServices, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

/** Longest value shown of a field, in characters; the rest is cut. */
const MAX_SHOWN = 160;

type YesNo = (value: boolean) => string;

function shown(value: unknown, yesNo: YesNo): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'boolean') return yesNo(value);
  const text = Array.isArray(value)
    ? value.map((each) => shown(each, yesNo)).join(', ')
    : typeof value === 'object'
      ? Object.values(value)
          .map((each) => shown(each, yesNo))
          .filter(Boolean)
          .join(' / ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** What a change does, field by field: old and new. */
export function ChangeText(props: {
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}): ReactNode {
  const { t } = useText('org');
  const { i18n } = useServices();
  const { before, after } = props;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const label = (name: string): string =>
    i18n.instance.exists(`org:fields.${name}`) ? t(`fields.${name}`) : name;
  const yesNo: YesNo = (value) => t(value ? 'roles.yes' : 'roles.no');
  return (
    <span className="o-changes">
      {names.map((name) => {
        const old = shown(before?.[name], yesNo);
        const now = shown(after?.[name], yesNo);
        if (old === now) {
          // Only what is new or goes is told in whole; in a change, the same on both sides is no news.
          if (before && after) return null;
        }
        if (old === '' && now === '') return null;
        return (
          <span key={name} className="o-change">
            <span className="o-change__field">{label(name)}</span>
            {before && after && <del>{old === '' ? '—' : old}</del>}
            {before && after && <span aria-hidden>→</span>}
            {after ? <ins>{now === '' ? '—' : now}</ins> : <span>{old}</span>}
          </span>
        );
      })}
    </span>
  );
}
