import { Button } from '@vector-im/compound-web';
import { Banner, Tag, useSnapshot, useText, useViewModel, type Tone } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { Trust } from '../../matrix/encryption.ts';
import { PersonTrustViewModel } from './PersonTrustViewModel.ts';

const TONES: Readonly<Record<Trust, Tone>> = {
  unknown: 'neutral',
  unverified: 'neutral',
  verified: 'good',
  changed: 'warn',
  'verified-changed': 'bad',
};

/**
 * For a person's profile: whether the identity was verified, and the way to do it. Nothing for oneself, and nothing
 * for people without keys.
 */
export function PersonTrust({ userId }: { userId: string }): ReactNode {
  const { t } = useText('keys');
  const { encryption, userId: own } = useMatrix();
  const { state } = useSnapshot(encryption);
  const [{ trust, busy, failed }, model] = useViewModel(() => new PersonTrustViewModel(encryption, userId));
  if (userId === own || trust === 'looking' || trust === 'unknown') return null;
  const changed = trust === 'changed' || trust === 'verified-changed';
  // Without own keys there is nothing to sign the other's with.
  const able = state !== 'checking' && state !== 'not-set-up' && state !== 'needs-verification';
  return (
    <div className="q-stack q-stack--tight">
      <div className="q-row">
        <Tag tone={TONES[trust]}>{t(`trust.${trust.replace('-', '_')}`)}</Tag>
        {trust !== 'verified' && able && (
          <Button kind="secondary" size="md" disabled={busy} onClick={() => void model.verify()}>
            {t('trust.verify')}
          </Button>
        )}
        {changed && (
          <Button kind="tertiary" size="md" disabled={busy} onClick={() => void model.accept()}>
            {t('trust.accept')}
          </Button>
        )}
      </div>
      {changed && <p className="q-muted q-small">{t('trust.changed_text')}</p>}
      {failed && <Banner tone="bad" live title={t('failed')} />}
    </div>
  );
}
