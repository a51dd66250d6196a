import './password.css';
import { MIN_PASSWORD_LENGTH } from '@qiao/org/contract/password';
import { cx, PasswordField, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { isLong, type PasswordModel } from './PasswordModel.ts';

function Rule(props: { text: string; met: boolean }): ReactNode {
  const { t } = useText('password');
  return (
    <li className={cx(props.met && 'c-password__met')}>
      <span aria-hidden>{props.met ? '✓' : '·'}</span>
      {props.text}
      {props.met && <span className="q-sr">{t('met')}</span>}
    </li>
  );
}

/** A new password and the same again, with the rule beside and how good it is. */
export function NewPassword(props: {
  model: PasswordModel;
  label: string;
  labelAgain: string;
  autoFocus?: boolean;
}): ReactNode {
  const { t } = useText('password');
  const { model } = props;
  const { password, again, verdict, judging, problems } = useSnapshot(model);
  const count = MIN_PASSWORD_LENGTH;
  const strength = password === '' ? 0 : isLong(password) ? (verdict?.strength ?? 0) : 1;
  const [why] = verdict?.problems ?? [];
  return (
    <>
      <div>
        <PasswordField
          label={props.label}
          name="password"
          autoComplete="new-password"
          autoFocus={props.autoFocus === true}
          value={password}
          error={problems.includes('short') ? t('problems.short', { count }) : undefined}
          onChange={(typed) => {
            model.type({ password: typed });
          }}
        />
        <div className="c-password__meter" data-level={strength} aria-hidden>
          <span />
          <span />
          <span />
          <span />
        </div>
        <p className="q-field__help c-password__said" role="status">
          {judging ? t('judging') : strength > 0 ? t(`strength.${String(strength)}`) : ''}
          {why && ` · ${why.message}`}
        </p>
        <ul className="c-password__rules">
          <Rule text={t('rules.length', { count })} met={isLong(password)} />
          <Rule text={t('rules.guess')} met={(verdict?.strength ?? 0) > 2} />
          <Rule text={t('rules.same')} met={password !== '' && password === again} />
        </ul>
      </div>
      <PasswordField
        label={props.labelAgain}
        name="password-again"
        autoComplete="new-password"
        value={again}
        error={problems.includes('different') ? t('problems.different') : undefined}
        onChange={(typed) => {
          model.type({ again: typed });
        }}
      />
    </>
  );
}
