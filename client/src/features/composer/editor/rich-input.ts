import {
  exitCode,
  newlineInCode,
  toggleMark,
  wrapIn,
  setBlockType,
  lift,
  chainCommands,
} from 'prosemirror-commands';
import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules';
import type { MarkType } from 'prosemirror-model';
import { liftListItem, splitListItem, wrapInList } from 'prosemirror-schema-list';
import { TextSelection, type Command, type EditorState } from 'prosemirror-state';
import { schema } from './schema.ts';
import type { Format } from './writing.ts';

const { nodes, marks } = schema;

/** What an address begins with; what follows until a blank is not formatted. */
const ADDRESS = /(?:[a-z][a-z\d+.-]*:\/\/|www\.|mailto:)\S*$/iu;
/**
 * Signs format from the beginning of a word on: not within one (`2*3*4`), nor after a sign that joins words
 * (`my_-_draft_`). Chinese has no blanks, and its words may begin anywhere.
 */
const BEGIN = String.raw`(?:^|[\s([{"'“‘<*_~\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff20])`;

/** Signs that format what is between them, when the last one is typed. */
function markRule(pattern: RegExp, length: number, type: MarkType): InputRule {
  return new InputRule(pattern, (state, match, start, end) => {
    const text = match[1] ?? '';
    // The last sign is being typed and not in the document yet.
    const open = start + match[0].length - (text.length + 2 * length);
    const textStart = open + length;
    const textEnd = textStart + text.length;
    if (ADDRESS.test(match.input ?? '')) return null;
    if (end < textEnd || state.doc.rangeHasMark(open, end, marks.code)) return null;
    return state.tr
      .delete(textEnd, end)
      .delete(open, textStart)
      .addMark(open, open + text.length, type.create())
      .removeStoredMark(type);
  });
}

/** Markdown as it is typed. */
export const typingRules = inputRules({
  rules: [
    markRule(
      new RegExp(String.raw`(?<!\*)${BEGIN}(?<!\*)\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$`, 'u'),
      2,
      marks.strong,
    ),
    markRule(new RegExp(String.raw`${BEGIN}(?<!\*)\*([^*\s](?:[^*]*[^*\s])?)\*$`, 'u'), 1, marks.em),
    markRule(new RegExp(String.raw`${BEGIN}(?<![\p{L}\p{N}_])_([^_\s](?:[^_]*[^_\s])?)_$`, 'u'), 1, marks.em),
    markRule(new RegExp(String.raw`${BEGIN}(?<!~)~~([^~\s](?:[^~]*[^~\s])?)~~$`, 'u'), 2, marks.strike),
    markRule(/(?:^|[^`])`([^`]+)`$/, 1, marks.code),
    wrappingInputRule(/^\s*([-+*])\s$/, nodes.bullet_list),
    wrappingInputRule(/^(\d{1,3})[.、]\s$/, nodes.ordered_list, (match) => ({ order: Number(match[1]) })),
    wrappingInputRule(/^\s*[>》]\s$/, nodes.blockquote),
    textblockTypeInputRule(/^(?:```|···)$/, nodes.code_block),
  ],
});

const inBlock = (state: EditorState, name: string): boolean => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth--) if ($from.node(depth).type.name === name) return true;
  return false;
};

/** A line that is three backticks, and the language after them. */
const FENCE = /(?:^|\ufffc)(?:```|···)([\w+#-]{0,30})$/u;

/** A fence at the end of a paragraph, also below other lines of it, and where it begins. */
function fenceAt(state: EditorState): { from: number; language: string } | undefined {
  const { $from, empty } = state.selection;
  if (!empty || $from.parent.type !== nodes.paragraph || $from.parentOffset !== $from.parent.content.size)
    return undefined;
  if ($from.node(-1).type === nodes.table_cell) return undefined;
  const match = FENCE.exec($from.parent.textBetween(0, $from.parentOffset, undefined, '\ufffc'));
  return match ? { from: $from.pos - match[0].length, language: match[1] ?? '' } : undefined;
}

const openFence: Command = (state, dispatch) => {
  const fence = fenceAt(state);
  if (!fence) return false;
  if (dispatch) {
    const { from, language } = fence;
    const tr = state.tr.delete(from, state.selection.from);
    const isBelow = tr.doc.resolve(from).parentOffset > 0;
    if (isBelow) tr.split(from);
    const at = isBelow ? from + 2 : from;
    dispatch(tr.setBlockType(at, at, nodes.code_block, { language }).scrollIntoView());
  }
  return true;
};

/** Whether Enter makes a line of what stands at the cursor: code, a fence that opens it, an item with words. */
export const takesLines = (state: EditorState): boolean =>
  state.selection.$from.parent.type.spec.code === true ||
  inBlock(state, 'list_item') ||
  fenceAt(state) !== undefined;

/** Two empty lines at the end of a code block leave it. */
const leaveCode: Command = (state, dispatch) => {
  const { $head, empty } = state.selection;
  if (!empty || !$head.parent.type.spec.code || $head.parentOffset !== $head.parent.content.size)
    return false;
  if (!$head.parent.textContent.endsWith('\n\n')) return false;
  if (dispatch) {
    const tr = state.tr.delete($head.pos - 2, $head.pos);
    const after = tr.selection.$head.after();
    tr.insert(after, nodes.paragraph.create());
    dispatch(tr.setSelection(TextSelection.create(tr.doc, after + 1)).scrollIntoView());
  }
  return true;
};

const liftEmptyItem: Command = (state, dispatch) => {
  const { $from, empty } = state.selection;
  if (!empty || $from.parent.content.size > 0) return false;
  return inBlock(state, 'list_item') ? liftListItem(nodes.list_item)(state, dispatch) : lift(state, dispatch);
};

const lineBreak: Command = (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create(), true).scrollIntoView());
  return true;
};

/** A new line: the next item in a list, a line in code, out of what is left empty. */
export const newLine: Command = chainCommands(
  leaveCode,
  openFence,
  newlineInCode,
  liftEmptyItem,
  splitListItem(nodes.list_item),
  lineBreak,
);

/** The arrow down in the last row of a table that is the last goes below it. */
const belowTable: Command = (state, dispatch) => {
  const { $head, empty } = state.selection;
  const table = $head.node(1);
  if (!empty || table.type !== nodes.table || $head.after(1) !== state.doc.content.size) return false;
  if ($head.index(1) !== table.childCount - 1) return false;
  if (dispatch) {
    const tr = state.tr.insert($head.after(1), nodes.paragraph.create());
    dispatch(tr.setSelection(TextSelection.create(tr.doc, tr.doc.content.size - 1)).scrollIntoView());
  }
  return true;
};

/** The arrow down at the end of a code block that is the last goes below it. */
const belowCode: Command = (state, dispatch, view) => {
  const { $head, empty } = state.selection;
  if (!empty || !$head.parent.type.spec.code || $head.after() !== state.doc.content.size) return false;
  if ($head.parentOffset !== $head.parent.content.size) return false;
  return exitCode(state, dispatch, view);
};

/** The arrow down at the end of what Enter does not leave, where nothing is below it. */
export const belowBlock: Command = chainCommands(belowCode, belowTable);

const MARK_OF: Partial<Record<Format, MarkType>> = {
  bold: marks.strong,
  italic: marks.em,
  strike: marks.strike,
  code: marks.code,
};
const BLOCK_OF: Partial<Record<Format, string>> = {
  list: 'bullet_list',
  numbered: 'ordered_list',
  quote: 'blockquote',
  codeblock: 'code_block',
};

/** Sets a format on the selection, or takes it away. */
export function formatCommand(format: Format): Command {
  const mark = MARK_OF[format];
  if (mark) return toggleMark(mark);
  return (state, dispatch) => {
    const name = BLOCK_OF[format] ?? '';
    if (name === 'code_block') {
      return setBlockType(inBlock(state, name) ? nodes.paragraph : nodes.code_block)(state, dispatch);
    }
    if (name === 'blockquote')
      return inBlock(state, name) ? lift(state, dispatch) : wrapIn(nodes.blockquote)(state, dispatch);
    if (inBlock(state, name)) return liftListItem(nodes.list_item)(state, dispatch);
    return wrapInList(name === 'bullet_list' ? nodes.bullet_list : nodes.ordered_list)(state, dispatch);
  };
}

/** Formats at the selection, for the toolbar. */
export function activeFormats(state: EditorState): ReadonlySet<Format> {
  const active = new Set<Format>();
  const { from, $from, to, empty } = state.selection;
  for (const [format, mark] of Object.entries(MARK_OF) as [Format, MarkType][]) {
    const on = empty
      ? mark.isInSet(state.storedMarks ?? $from.marks()) !== undefined
      : state.doc.rangeHasMark(from, to, mark);
    if (on) active.add(format);
  }
  for (const [format, name] of Object.entries(BLOCK_OF) as [Format, string][])
    if (inBlock(state, name)) active.add(format);
  return active;
}
