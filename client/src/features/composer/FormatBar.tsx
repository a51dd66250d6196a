import BoldIcon from '@vector-im/compound-design-tokens/assets/web/icons/bold';
import CodeIcon from '@vector-im/compound-design-tokens/assets/web/icons/code';
import InlineCodeIcon from '@vector-im/compound-design-tokens/assets/web/icons/inline-code';
import ItalicIcon from '@vector-im/compound-design-tokens/assets/web/icons/italic';
import LinkIcon from '@vector-im/compound-design-tokens/assets/web/icons/link';
import BulletedIcon from '@vector-im/compound-design-tokens/assets/web/icons/list-bulleted';
import NumberedIcon from '@vector-im/compound-design-tokens/assets/web/icons/list-numbered';
import QuoteIcon from '@vector-im/compound-design-tokens/assets/web/icons/quote';
import StrikeIcon from '@vector-im/compound-design-tokens/assets/web/icons/strikethrough';
import { useText, type IconType } from '@qiao/ui-kit';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { FORMATS, type Format } from './editor/writing.ts';

const ICONS: Readonly<Record<Format | 'link', IconType>> = {
  bold: BoldIcon,
  italic: ItalicIcon,
  strike: StrikeIcon,
  code: InlineCodeIcon,
  list: BulletedIcon,
  numbered: NumberedIcon,
  quote: QuoteIcon,
  codeblock: CodeIcon,
  link: LinkIcon,
};

/** Formats of the selection; one stop of the Tab key, arrows move within. */
export function FormatBar(props: {
  formats: ReadonlySet<Format>;
  onFormat: (format: Format) => void;
  onLink: () => void;
}): ReactNode {
  const { t } = useText('composer');
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const buttons = [...(bar.current?.querySelectorAll('button') ?? [])];
    const now = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (step === 0 || now === -1) return;
    event.preventDefault();
    buttons[(now + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div ref={bar} className="c-formats" role="toolbar" aria-label={t('format.label')} onKeyDown={onKeyDown}>
      {([...FORMATS, 'link'] as const).map((format, index) => {
        const Icon = ICONS[format];
        const name = t(`format.${format}`);
        return (
          <button
            key={format}
            type="button"
            tabIndex={index === 0 ? 0 : -1}
            className="c-composer__button"
            aria-label={name}
            title={name}
            {...(format === 'link' ? {} : { 'aria-pressed': props.formats.has(format) })}
            // The selection stays in the editor.
            onPointerDown={(event) => {
              event.preventDefault();
            }}
            onClick={() => {
              if (format === 'link') props.onLink();
              else props.onFormat(format);
            }}
          >
            <Icon width={20} height={20} aria-hidden />
          </button>
        );
      })}
    </div>
  );
}
