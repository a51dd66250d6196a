import { Button } from '@vector-im/compound-web';
import { MIN_PASSWORD_LENGTH } from '@qiao/org/contract/password';
import {
  Banner,
  EmptyState,
  Logo,
  makeFormats,
  PageHead,
  useServices,
  useText,
  type UiLocale,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import './sheets.css';
import { LinkCode } from '../parts/LinkCode.tsx';
import type { SheetLink } from './ActivationViewModel.ts';

/** Cards on a page of A4. */
const PER_PAGE = 4;

const pagesOf = (items: readonly SheetLink[]): SheetLink[][] =>
  Array.from({ length: Math.ceil(items.length / PER_PAGE) }, (_, page) =>
    items.slice(page * PER_PAGE, (page + 1) * PER_PAGE),
  );

/** What one person is handed: who it is for, the code and the address, until when, and what to do, in their language. */
function Sheet({ item }: { item: SheetLink }): ReactNode {
  const { i18n, session } = useServices();
  const locale: UiLocale = item.language ?? i18n.brand.language;
  const say = (key: string, values?: Record<string, unknown>): string =>
    i18n.t(`org:sheet.${key}`, { lng: locale, brand: i18n.brand.shortName[locale], ...values });
  const format = makeFormats(locale);
  const { person } = item;
  const where = [item.departments.join(' / '), item.employee_number].filter(Boolean).join(' · ');
  return (
    <section className="o-sheet" lang={locale} aria-label={person.display_name}>
      <p className="o-sheet__company">
        <Logo size={20} />
        <span>{session.companyName}</span>
      </p>
      <div>
        <h2>{person.display_name}</h2>
        {where !== '' && <p>{where}</p>}
      </div>
      <div className="o-sheet__link">
        <LinkCode link={item.link} name={person.display_name} />
        <ol>
          <li>{say('scan')}</li>
          <li>{say('choose', { count: MIN_PASSWORD_LENGTH })}</li>
          <li>{say('save')}</li>
        </ol>
      </div>
      <p className="o-sheet__address">{item.link}</p>
      <p>
        {say('user', { user: person.user_id })}
        {item.sign_in.length > 0 &&
          ` ${say('too', {
            ways: new Intl.ListFormat(locale, { type: 'disjunction' }).format(
              item.sign_in.map((way) => say(`ways.${way}`)),
            ),
          })}`}
      </p>
      <p>
        <strong>{say('until', { date: format.dateTime(item.expires_at) })}</strong> {say('secret')}
      </p>
    </section>
  );
}

/** Sheets to be printed on A4 and cut, four on a page. */
export function Sheets(props: { items: readonly SheetLink[]; onClose: () => void }): ReactNode {
  const { t, format } = useText('org');
  const { items } = props;
  return (
    <>
      <div className="o-sheets__screen q-stack">
        <PageHead
          title={t('activation.sheets', { count: items.length, number: format.number(items.length) })}
          actions={
            <>
              <Button kind="secondary" size="md" onClick={props.onClose}>
                {t('activation.sheets_close')}
              </Button>
              {items.length > 0 && (
                <Button
                  kind="primary"
                  size="md"
                  onClick={() => {
                    print();
                  }}
                >
                  {t('activation.print_now')}
                </Button>
              )}
            </>
          }
        />
        {items.length === 0 ? (
          <EmptyState title={t('activation.nobody')} text={t('activation.nobody_text')} />
        ) : (
          <Banner tone="warn" title={t('links.secret')}>
            {t('activation.sheets_text')}
          </Banner>
        )}
      </div>
      <div className="o-sheets">
        {pagesOf(items).map((page) => (
          <div key={page[0]?.person.id} className="o-sheets__page">
            {page.map((item) => (
              <Sheet key={item.person.id} item={item} />
            ))}
          </div>
        ))}
      </div>
    </>
  );
}
