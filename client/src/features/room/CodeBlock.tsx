import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import CopyIcon from '@vector-im/compound-design-tokens/assets/web/icons/copy';
import { useText } from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';

/** Characters that are coloured; longer code stays plain. */
const MOST_COLOURED = 20_000;

/** Code, coloured when the colours are there. */
export function CodeBlock(props: { code: string; language: string | undefined }): ReactNode {
  const { t } = useText('room');
  const { language } = props;
  const code = props.code.replace(/\n$/, '');
  const [coloured, setColoured] = useState<{ code: string; nodes: ReactNode }>();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (code.length > MOST_COLOURED || language === undefined) return;
    let shown = true;
    import('./highlight.tsx').then(
      ({ highlight }) => {
        const nodes = highlight(code, language);
        if (shown && nodes !== undefined) setColoured({ code, nodes });
      },
      () => undefined,
    );
    return () => {
      shown = false;
    };
  }, [code, language]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      setCopied(true);
    } catch {
      // Without the permission the text can be selected.
    }
  };
  return (
    <div className="c-code">
      <pre tabIndex={0} aria-label={t('code')}>
        <code dir="ltr">{coloured?.code === code ? coloured.nodes : code}</code>
      </pre>
      <button type="button" className="c-code__copy" aria-label={t('copy_code')} onClick={() => void copy()}>
        {copied ? (
          <CheckIcon width={16} height={16} aria-hidden />
        ) : (
          <CopyIcon width={16} height={16} aria-hidden />
        )}
      </button>
    </div>
  );
}
