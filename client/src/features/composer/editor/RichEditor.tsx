import { baseKeymap } from 'prosemirror-commands';
import { history, redo, undo } from 'prosemirror-history';
import { undoInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import type { Slice, Node as DocNode } from 'prosemirror-model';
import { EditorState, Selection, type Command, type Transaction } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { useEffect, useRef, type ReactNode } from 'react';
import { ImeGuard, endsCompositionFirst } from './ime.ts';
import { documentOfHtml, documentOfJson, documentOfText, pastedSource, sliceOfText } from './parse.ts';
import { activeFormats, belowBlock, formatCommand, newLine, takesLines, typingRules } from './rich-input.ts';
import { safeHref, schema } from './schema.ts';
import { isBlank, markdownOf, messageOf, plainTextOf } from './serialize.ts';
import { filesOf, triggerAt, type Trigger, type Writing, type WritingEvents } from './writing.ts';

/** What an editor begins with; the first that is given. */
export interface Beginning {
  readonly document?: unknown;
  readonly html?: string;
  readonly source?: string;
  readonly text?: string;
}

/** Longest text before the cursor that is looked at for a completion. */
const LOOK_BACK = 64;

export interface EditorProps extends WritingEvents {
  readonly beginning: Beginning;
  readonly label: string;
  readonly placeholder: string;
  /** Id of the list of completions, and of the chosen one. */
  readonly listId: string | undefined;
  readonly activeId: string | undefined;
  readonly autoFocus: boolean;
}

async function documentOf(beginning: Beginning): Promise<DocNode> {
  if (beginning.document !== undefined) {
    const doc = documentOfJson(beginning.document);
    if (doc) return doc;
  }
  if (beginning.html !== undefined) return documentOfHtml(beginning.html);
  if (beginning.source !== undefined) {
    const { documentOfMarkdown } = await import('./markdown.ts');
    return documentOfMarkdown(beginning.source);
  }
  return documentOfText(beginning.text ?? '');
}

const blank = (): DocNode => documentOfText('');

const formatKeys: Record<string, Command> = {
  'Mod-b': formatCommand('bold'),
  'Mod-i': formatCommand('italic'),
  'Mod-e': formatCommand('code'),
  'Mod-Shift-x': formatCommand('strike'),
  'Mod-Shift-7': formatCommand('numbered'),
  'Mod-Shift-8': formatCommand('list'),
  'Mod-Shift-9': formatCommand('quote'),
};

const stateOf = (doc: DocNode): EditorState =>
  EditorState.create({
    doc,
    selection: Selection.atEnd(doc),
    plugins: [
      typingRules,
      history(),
      keymap({
        ...formatKeys,
        'Mod-z': undo,
        'Mod-y': redo,
        'Mod-Shift-z': redo,
        Backspace: undoInputRule,
        ArrowDown: belowBlock,
      }),
      keymap(baseKeymap),
    ],
  });

function triggerOf(state: EditorState): Trigger | undefined {
  const { $from, empty } = state.selection;
  if (!empty || $from.parent.type.spec.code || schema.marks.code.isInSet($from.marks())) return undefined;
  const start = Math.max(0, $from.parentOffset - LOOK_BACK);
  return triggerAt($from.parent.textBetween(start, $from.parentOffset, undefined, '\ufffc'), $from.pos);
}

function writingOf(view: EditorView): Writing {
  const run = (command: Command): void => {
    command(view.state, (tr) => {
      view.dispatch(tr);
    });
    view.focus();
  };
  return {
    focus: () => {
      view.focus();
    },
    isBlank: () => isBlank(view.state.doc),
    message: () => Promise.resolve(messageOf(view.state.doc)),
    save: () => ({ text: plainTextOf(view.state.doc), document: view.state.doc.toJSON() as unknown }),
    markdown: () => markdownOf(view.state.doc),
    clear: () => {
      view.updateState(stateOf(blank()));
      view.dispatch(view.state.tr.setMeta('cleared', true));
    },
    insert: (text) => {
      view.dispatch(view.state.tr.insertText(text).scrollIntoView());
      view.focus();
    },
    complete: (trigger, completion) => {
      const { state } = view;
      const to = state.selection.from;
      let tr: Transaction;
      if (completion.kind === 'emoji') tr = state.tr.insertText(completion.text, trigger.from, to);
      else {
        const mention = schema.node('mention', { id: completion.id, name: completion.name });
        tr = state.tr.replaceWith(trigger.from, to, [mention, schema.text(' ')]);
      }
      view.dispatch(tr.scrollIntoView());
      view.focus();
    },
    format: (format) => {
      run(formatCommand(format));
    },
    link: (href) => {
      const safe = safeHref(href);
      if (safe === undefined) return;
      const mark = schema.mark('link', { href: safe });
      run((state, dispatch) => {
        const { from, to, empty } = state.selection;
        dispatch?.(
          empty ? state.tr.insert(from, schema.text(safe, [mark])) : state.tr.addMark(from, to, mark),
        );
        return true;
      });
    },
    selectedText: () => {
      const { from, to } = view.state.selection;
      return view.state.doc.textBetween(from, to, ' ');
    },
    takesLines: () => takesLines(view.state),
  };
}

/** Formatted as it is written. A draft or message of Markdown is read once at the beginning. */
export default function RichEditor(props: EditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const current = useRef(props);
  useEffect(() => {
    current.current = props;
  });
  const viewOf = useRef<EditorView>(undefined);
  const { label, placeholder, listId, activeId } = props;

  useEffect(() => {
    const node = host.current;
    if (!node) return;
    const guard = new ImeGuard(endsCompositionFirst(navigator.userAgent));
    let ended = false;
    let view: EditorView | undefined;
    const attributes = (): Record<string, string> => ({
      role: 'textbox',
      class: 'c-editor__text',
      'aria-multiline': 'true',
      'aria-label': current.current.label,
      'aria-autocomplete': 'list',
      ...(current.current.listId === undefined ? {} : { 'aria-controls': current.current.listId }),
      ...(current.current.activeId === undefined
        ? {}
        : { 'aria-activedescendant': current.current.activeId }),
    });
    const start = (doc: DocNode): void => {
      if (ended) return;
      const made: EditorView = new EditorView(node, {
        state: stateOf(doc),
        attributes,
        dispatchTransaction: (tr) => {
          made.updateState(made.state.apply(tr));
          const { onChange, onTrigger, onFormats } = current.current;
          if (tr.docChanged || tr.getMeta('cleared') === true) onChange();
          onTrigger(made.hasFocus() ? triggerOf(made.state) : undefined);
          onFormats(activeFormats(made.state));
          node.dataset['empty'] = String(isEmpty(made.state.doc));
        },
        handleDOMEvents: {
          compositionstart: () => {
            guard.started();
            return false;
          },
          compositionend: (_view, event) => {
            guard.ended(event);
            return false;
          },
          blur: () => {
            current.current.onTrigger(undefined);
            return false;
          },
        },
        handleKeyDown: (_view, event): boolean => {
          if (guard.owns(event)) return false;
          if (current.current.onKey(event)) {
            event.preventDefault();
            return true;
          }
          // Enter that did not send.
          if (event.key !== 'Enter') return false;
          return newLine(made.state, (tr) => {
            made.dispatch(tr);
          });
        },
        handlePaste: (_view, event) => {
          const files = filesOf(event.clipboardData);
          const html = event.clipboardData?.getData('text/html') ?? '';
          const text = event.clipboardData?.getData('text/plain') ?? '';
          // A picture that is copied from a page brings its <img>, office programs a picture of the text.
          if (files.length > 0 && (text === '' || html === '')) {
            current.current.onFiles(files);
            return true;
          }
          return false;
        },
        handleDrop: (_view, event) => {
          // The room takes files, wherever they are dropped.
          return filesOf(event.dataTransfer).length > 0;
        },
        clipboardTextParser: (text) => sliceOfText(text),
        clipboardTextSerializer: (slice: Slice) => plainTextOf(schema.node('doc', null, blocksOf(slice))),
        transformPastedHTML: (html) => pastedSource(html.slice(0, MAX_PASTE)),
      });
      view = made;
      viewOf.current = made;
      node.dataset['empty'] = String(isEmpty(doc));
      current.current.onReady(writingOf(made));
      if (current.current.autoFocus) made.focus();
    };
    void documentOf(current.current.beginning).then(start, () => {
      start(blank());
    });
    return () => {
      ended = true;
      current.current.onReady(undefined);
      viewOf.current = undefined;
      view?.destroy();
    };
  }, []);

  useEffect(() => {
    // Its attributes are read anew.
    const view = viewOf.current;
    view?.setProps({ attributes: view.props.attributes ?? {} });
  }, [label, listId, activeId]);

  return <div ref={host} className="c-editor" data-empty="true" data-placeholder={placeholder} />;
}

/** Most characters of pasted HTML that are read. */
const MAX_PASTE = 500_000;

const isEmpty = (doc: DocNode): boolean =>
  doc.childCount === 1 && doc.firstChild?.type.name === 'paragraph' && doc.firstChild.content.size === 0;

function blocksOf(slice: Slice): DocNode[] {
  const blocks = slice.content.content.filter((node) => node.isBlock);
  return blocks.length > 0 ? blocks : [schema.node('paragraph', null, slice.content)];
}
