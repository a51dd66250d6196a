import { Button } from '@vector-im/compound-web';
import AskIcon from '@vector-im/compound-design-tokens/assets/web/icons/help';
import AttachmentIcon from '@vector-im/compound-design-tokens/assets/web/icons/attachment';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import EditIcon from '@vector-im/compound-design-tokens/assets/web/icons/edit-solid';
import MicIcon from '@vector-im/compound-design-tokens/assets/web/icons/mic-on';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import PollsIcon from '@vector-im/compound-design-tokens/assets/web/icons/polls';
import ReactionIcon from '@vector-im/compound-design-tokens/assets/web/icons/reaction';
import ReplyIcon from '@vector-im/compound-design-tokens/assets/web/icons/reply';
import SendIcon from '@vector-im/compound-design-tokens/assets/web/icons/send-solid';
import TextIcon from '@vector-im/compound-design-tokens/assets/web/icons/text-formatting';
import {
  Busy,
  ErrorBoundary,
  IconAction,
  lazyView,
  MenuButton,
  RouterLink,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
  type IconType,
  type MenuEntry,
} from '@qiao/ui-kit';
import { lazy, Suspense, useId, useRef, type ReactNode } from 'react';
import type { ComposeEvent, ComposeTarget } from '../../matrix/compose-target.ts';
import { useMatrix } from '../../matrix/context.tsx';
import type { WriteBarrier } from '../../matrix/sender-access.ts';
import { modules } from '../../modules.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { CompletionList, completionId } from './CompletionList.tsx';
import type { ComposerSnapshot } from './composer-types.ts';
import { ComposerViewModel } from './ComposerViewModel.ts';
import { FormatBar } from './FormatBar.tsx';
import { LinkDialog } from './LinkDialog.tsx';
import { useDrop } from './use-drop.tsx';
import './composer.css';

// Begins to load with the conversation list: it is there when the first conversation is opened.
const RichEditor = lazyView(() => import('./editor/RichEditor.tsx'));
void RichEditor.preload();
const SourceEditor = lazy(() => import('./editor/SourceEditor.tsx'));
const EmojiPicker = lazy(() => import('./complete/EmojiPicker.tsx'));
const FilesDialog = lazy(() => import('./files/FilesDialog.tsx'));
const AskDialog = lazy(() => import('../reading/AskDialog.tsx'));
const PollDialog = lazy(() => import('./poll/PollDialog.tsx'));
const VoiceRecorder = lazy(() => import('./voice/VoiceRecorder.tsx'));

const domainActions = modules.flatMap((module) =>
  (module.client?.composer ?? []).map((action) => ({
    ...action,
    key: `action:${module.id}/${action.id}` as const,
    View: lazy(action.load),
  })),
);

interface ComposerProps {
  roomId: string;
  threadId?: string;
  target: ComposeTarget;
}

/** Where messages are written; of a conversation, or of one of its threads. */
export function Composer(props: ComposerProps): ReactNode {
  // Another conversation has another text.
  return <OfConversation key={`${props.roomId} ${props.threadId ?? ''}`} {...props} />;
}

function OfConversation(props: ComposerProps): ReactNode {
  const { t, locale } = useText('composer');
  const { toasts, i18n } = useServices();
  const matrix = useMatrix();
  const search = usePeopleSearch();
  const { roomId, threadId, target } = props;
  const [state, model] = useViewModel(
    () =>
      new ComposerViewModel({
        matrix,
        roomId,
        threadId,
        target,
        locale: () => i18n.locale,
        search,
        words: () => ({
          everybody: i18n.t('composer:everybody'),
          external: i18n.t('finder:external'),
          notActivated: i18n.t('finder:not_activated'),
          notHere: i18n.t('finder:not_here'),
        }),
        onTooLong: () => {
          toasts.show({ kind: 'error', text: i18n.t('composer:too_long') });
        },
        hasKeyboard: matchMedia('(hover: hover) and (pointer: fine)').matches,
      }),
  );
  const foot = useRef<HTMLElement>(null);
  const overlay = useDrop(foot, threadId !== undefined, model.addFiles, state.barrier === undefined);
  return (
    <footer ref={foot} className="c-composer" aria-label={t('label')} data-room={roomId} lang={locale}>
      <Unstored />
      {state.barrier ? (
        <Barrier barrier={state.barrier} />
      ) : (
        <Writable state={state} model={model} roomId={roomId} threadId={threadId} />
      )}
      {overlay}
    </footer>
  );
}

/** Said while the browser refuses to keep what is not sent. */
function Unstored(): ReactNode {
  const { t } = useText('composer');
  const { sender, drafts } = useMatrix();
  const { memoryOnly, items } = useSnapshot(sender);
  const { unkept } = useSnapshot(drafts);
  return (
    <p className="c-composer__unstored" role="status">
      {unkept || (memoryOnly && items.size > 0) ? t('unstored') : ''}
    </p>
  );
}

/** In place of the editor where one may not write. */
function Barrier(props: { barrier: WriteBarrier }): ReactNode {
  const { t } = useText('composer');
  const { barrier } = props;
  return (
    <div className="c-composer__barrier" role="note">
      <span>{t(`barrier.${barrier.why}`)}</span>
      {barrier.why === 'replaced' && (
        <RouterLink to={`/room/${encodeURIComponent(barrier.successor)}`}>{t('to_successor')}</RouterLink>
      )}
    </div>
  );
}

/** What is answered or changed. */
function Target(props: { state: ComposerSnapshot; onCancel: () => void }): ReactNode {
  const { t } = useText('composer');
  const { edit, reply } = props.state;
  const event: ComposeEvent | undefined = edit ?? reply;
  if (!event) return null;
  const Icon: IconType = edit ? EditIcon : ReplyIcon;
  return (
    <div className="c-composer__target">
      <Icon width={16} height={16} aria-hidden />
      <div>
        <strong>{edit ? t('editing') : t('replying', { name: event.senderName })}</strong>
        {!edit && <p dir="auto">{event.text}</p>}
      </div>
      <IconAction
        label={edit ? t('cancel_edit') : t('cancel_reply')}
        Icon={CloseIcon}
        onClick={props.onCancel}
      />
    </div>
  );
}

function Writable(props: {
  state: ComposerSnapshot;
  model: ComposerViewModel;
  roomId: string;
  threadId: string | undefined;
}): ReactNode {
  const { t } = useText('composer');
  const { session } = useServices();
  const { client } = useMatrix();
  const { state, model, roomId, threadId } = props;
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const { completion, part } = state;
  const hasKeyboard = matchMedia('(hover: hover) and (pointer: fine)').matches;
  const ref = { roomId, name: client.getRoom(roomId)?.name ?? '', encrypted: state.encrypted };
  const Editor = state.mode === 'rich' ? RichEditor : SourceEditor;
  const close = (): void => {
    model.close();
  };
  const actions = domainActions.filter((action) => action.allowed(session));
  const { i18n } = useServices();
  const more: (MenuEntry | 'line')[] = [
    { label: t('add.file'), Icon: AttachmentIcon, onSelect: () => input.current?.click() },
    {
      label: t('add.poll'),
      Icon: PollsIcon,
      onSelect: () => {
        model.open('poll');
      },
    },
    // Only whom the company knows can owe an answer.
    ...(session.personId === undefined || state.edit
      ? []
      : [
          {
            label: t('add.ask'),
            Icon: AskIcon,
            onSelect: () => {
              model.open('ask');
            },
          },
        ]),
    ...(actions.length > 0 ? (['line'] as const) : []),
    ...actions.map((action) => ({
      label: i18n.t(action.title),
      Icon: action.Icon,
      onSelect: () => {
        model.open(action.key);
      },
    })),
  ];
  const writing: (MenuEntry | 'line' | { heading: string })[] = [
    {
      label: t('how.toolbar'),
      checked: state.toolbar,
      onSelect: () => {
        model.setToolbar(!state.toolbar);
      },
    },
    {
      label: t('how.source'),
      checked: state.mode === 'source',
      onSelect: () => {
        model.setMode(state.mode === 'source' ? 'rich' : 'source');
      },
    },
    'line',
    { heading: t('how.send') },
    {
      label: t('how.enter'),
      checked: state.sendKey === 'enter',
      onSelect: () => {
        model.setSendKey('enter');
      },
    },
    {
      label: t('how.mod_enter'),
      checked: state.sendKey === 'mod-enter',
      onSelect: () => {
        model.setSendKey('mod-enter');
      },
    },
  ];
  const action = actions.find((each) => each.key === part);
  return (
    <>
      <Target state={state} onCancel={model.cancelTarget} />
      {completion && (
        <CompletionList
          id={listId}
          label={completion.trigger.kind === 'mention' ? t('people') : t('emoji')}
          items={completion.items}
          active={completion.active}
          onChoose={model.choose}
        />
      )}
      {state.toolbar && (
        <FormatBar
          formats={state.formats}
          onFormat={model.format}
          onLink={() => {
            model.open('link');
          }}
        />
      )}
      {part === 'voice' ? (
        <Suspense fallback={<Busy />}>
          <VoiceRecorder roomId={roomId} to={model.sendTo()} onClose={close} />
        </Suspense>
      ) : (
        <div className="c-composer__row">
          <MenuButton
            label={t('add.label')}
            side="above"
            align="start"
            entries={more}
            className="c-composer__button"
          >
            <PlusIcon width={24} height={24} aria-hidden />
          </MenuButton>
          <div className="c-composer__field">
            <Suspense fallback={<div className="c-editor" aria-hidden data-empty="true" />}>
              <Editor
                key={`${state.mode} ${String(state.editor)}`}
                beginning={state.beginning}
                label={threadId === undefined ? t('label') : t('label_thread')}
                placeholder={t(state.encrypted ? 'placeholder_encrypted' : 'placeholder')}
                listId={completion ? listId : undefined}
                activeId={completion ? completionId(listId, completion.active) : undefined}
                autoFocus={hasKeyboard || state.edit !== undefined}
                onReady={model.onReady}
                onChange={model.onChange}
                onTrigger={model.onTrigger}
                onFormats={model.onFormats}
                onKey={model.onKey}
                onFiles={model.addFiles}
              />
            </Suspense>
            <MenuButton label={t('how.label')} side="above" entries={writing} className="c-composer__button">
              <TextIcon width={20} height={20} aria-hidden />
            </MenuButton>
            <button
              type="button"
              className="c-composer__button"
              aria-label={t('emoji')}
              aria-expanded={part === 'emoji'}
              onClick={() => {
                model.open(part === 'emoji' ? undefined : 'emoji');
              }}
            >
              <ReactionIcon width={20} height={20} aria-hidden />
            </button>
          </div>
          {state.blank && !state.edit ? (
            <button
              type="button"
              className="c-composer__button"
              aria-label={t('voice.record')}
              onClick={() => {
                model.open('voice');
              }}
            >
              <MicIcon width={24} height={24} aria-hidden />
            </button>
          ) : (
            <button
              type="button"
              className="c-composer__button c-composer__send"
              aria-label={state.edit ? t('save') : t('send')}
              disabled={state.blank}
              // The keyboard on the screen stays.
              onPointerDown={(event) => {
                event.preventDefault();
              }}
              onClick={() => void model.send()}
            >
              <SendIcon width={20} height={20} aria-hidden />
            </button>
          )}
        </div>
      )}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t('add.file')}
        onChange={(event) => {
          model.addFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      <Suspense fallback={null}>
        {part === 'emoji' && <EmojiPicker above onChoose={model.insert} onClose={close} />}
        {part === 'ask' && (
          <AskDialog roomId={roomId} written={model.written()} onSend={model.sendAsk} onClose={close} />
        )}
        {part === 'poll' && <PollDialog onSend={model.sendEvent} onClose={close} />}
        {state.files.length > 0 && (
          <FilesDialog
            roomId={roomId}
            to={model.sendTo()}
            files={state.files}
            onRemove={model.removeFile}
            onClose={model.clearFiles}
            onSent={model.filesSent}
          />
        )}
      </Suspense>
      {part === 'link' && <LinkDialog onLink={model.link} onClose={close} />}
      {action && (
        <ErrorBoundary at={action.key} fallback={() => <ActionFailed onClose={close} />}>
          <Suspense fallback={<Busy />}>
            <action.View room={ref} onClose={close} />
          </Suspense>
        </ErrorBoundary>
      )}
    </>
  );
}

function ActionFailed(props: { onClose: () => void }): ReactNode {
  const { t } = useText('composer');
  return (
    <div className="c-composer__barrier" role="alert">
      <span>{t('action_failed')}</span>
      <Button kind="tertiary" size="md" onClick={props.onClose}>
        {t('close')}
      </Button>
    </div>
  );
}
