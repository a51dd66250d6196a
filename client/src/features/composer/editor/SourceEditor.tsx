import { useEffect, useRef, type ReactNode } from 'react';
import { ImeGuard, endsCompositionFirst } from './ime.ts';
import type { Beginning, EditorProps } from './RichEditor.tsx';
import { EVERYBODY, linkOfUser } from './schema.ts';
import { takesLines } from './source-lines.ts';
import { filesOf, triggerAt, type Format, type Writing } from './writing.ts';

const SIGNS: Readonly<Record<Format, readonly [before: string, after: string]>> = {
  bold: ['**', '**'],
  italic: ['*', '*'],
  strike: ['~~', '~~'],
  code: ['`', '`'],
  list: ['- ', ''],
  numbered: ['1. ', ''],
  quote: ['> ', ''],
  codeblock: ['```\n', '\n```'],
};

/** Replaces a part of the text as typing would, so that undo knows of it. */
function replace(area: HTMLTextAreaElement, from: number, to: number, text: string): void {
  area.focus();
  area.setSelectionRange(from, to);
  // The only way that keeps the browser's undo; everywhere supported for text fields.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (!document.execCommand('insertText', false, text)) {
    area.setRangeText(text, from, to, 'end');
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

function writingOf(area: HTMLTextAreaElement): Writing {
  const selected = (): string => area.value.slice(area.selectionStart, area.selectionEnd);
  return {
    focus: () => {
      area.focus();
    },
    isBlank: () => area.value.trim() === '',
    message: async () => {
      const [{ documentOfMarkdown }, { messageOf }] = await Promise.all([
        import('./markdown.ts'),
        import('./serialize.ts'),
      ]);
      return messageOf(documentOfMarkdown(area.value));
    },
    save: () => ({ text: area.value.trim(), source: area.value }),
    markdown: () => area.value,
    clear: () => {
      area.value = '';
      area.dispatchEvent(new Event('input', { bubbles: true }));
    },
    insert: (text) => {
      replace(area, area.selectionStart, area.selectionEnd, text);
    },
    complete: (trigger, completion) => {
      const text =
        completion.kind === 'emoji'
          ? completion.text
          : completion.id === EVERYBODY
            ? `${EVERYBODY} `
            : `[${completion.name.replaceAll(/[[\]\\]/g, '\\$&')}](${linkOfUser(completion.id)}) `;
      replace(area, trigger.from, area.selectionStart, text);
    },
    format: (format) => {
      const [before, after] = SIGNS[format];
      const from = area.selectionStart;
      const text = selected();
      replace(area, from, area.selectionEnd, before + text + after);
      area.setSelectionRange(from + before.length, from + before.length + text.length);
    },
    link: (href) => {
      replace(area, area.selectionStart, area.selectionEnd, `[${selected() || href}](${href})`);
    },
    selectedText: selected,
    takesLines: () => takesLines(area.value, area.selectionStart),
  };
}

const textOf = (beginning: Beginning): string => beginning.source ?? beginning.text ?? '';

/** The Markdown itself. */
export default function SourceEditor(props: EditorProps): ReactNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const current = useRef(props);
  useEffect(() => {
    current.current = props;
  });
  const guard = useRef(new ImeGuard(endsCompositionFirst(navigator.userAgent)));
  useEffect(() => {
    const node = area.current;
    if (!node) return;
    current.current.onReady(writingOf(node));
    if (current.current.autoFocus) node.focus();
    node.setSelectionRange(node.value.length, node.value.length);
    return () => {
      current.current.onReady(undefined);
    };
  }, []);
  const look = (): void => {
    const node = area.current;
    if (!node) return;
    const { selectionStart: at, selectionEnd: end, value } = node;
    props.onTrigger(at === end ? triggerAt(value.slice(Math.max(0, at - 64), at), at) : undefined);
  };
  return (
    <textarea
      ref={area}
      className="c-editor c-editor--source"
      aria-label={props.label}
      aria-autocomplete="list"
      aria-controls={props.listId}
      aria-activedescendant={props.activeId}
      placeholder={props.placeholder}
      defaultValue={textOf(props.beginning)}
      rows={1}
      onInput={() => {
        props.onChange();
        look();
      }}
      onSelect={look}
      onBlur={() => {
        props.onTrigger(undefined);
      }}
      onCompositionStart={() => {
        guard.current.started();
      }}
      onCompositionEnd={(event) => {
        guard.current.ended(event);
      }}
      onKeyDown={(event) => {
        const { nativeEvent } = event;
        if (!guard.current.owns(nativeEvent) && props.onKey(nativeEvent)) event.preventDefault();
      }}
      onPaste={(event) => {
        const files = filesOf(event.clipboardData);
        if (files.length === 0 || event.clipboardData.getData('text/plain') !== '') return;
        event.preventDefault();
        props.onFiles(files);
      }}
    />
  );
}
