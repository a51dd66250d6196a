import UploadIcon from '@vector-im/compound-design-tokens/assets/web/icons/attachment';
import { useText } from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode, type RefObject } from 'react';
import { createPortal } from 'react-dom';
import { filesOf } from './editor/writing.ts';

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;

/** Takes files that are dropped anywhere on the conversation (or thread) that a composer belongs to. */
export function useDrop(
  of: RefObject<HTMLElement | null>,
  thread: boolean,
  onFiles: (files: readonly File[]) => void,
  enabled: boolean,
): ReactNode {
  const { t } = useText('composer');
  const [over, setOver] = useState<HTMLElement>();
  useEffect(() => {
    const node = of.current;
    const place =
      (thread ? node?.parentElement : node?.closest<HTMLElement>('.c-room')) ?? node?.parentElement;
    if (!place || !enabled) return;
    // Entering a child leaves its parent: counted, not guessed.
    let depth = 0;
    const onEnter = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      if (depth++ === 0) setOver(place);
    };
    const onOver = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
    };
    const onLeave = (event: DragEvent): void => {
      if (carriesFiles(event) && --depth === 0) setOver(undefined);
    };
    const onDrop = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      depth = 0;
      setOver(undefined);
      onFiles(filesOf(event.dataTransfer));
    };
    place.addEventListener('dragenter', onEnter);
    place.addEventListener('dragover', onOver);
    place.addEventListener('dragleave', onLeave);
    place.addEventListener('drop', onDrop);
    return () => {
      place.removeEventListener('dragenter', onEnter);
      place.removeEventListener('dragover', onOver);
      place.removeEventListener('dragleave', onLeave);
      place.removeEventListener('drop', onDrop);
    };
  }, [of, thread, onFiles, enabled]);
  return over
    ? createPortal(
        <div className="c-drop" role="status">
          <UploadIcon width={32} height={32} aria-hidden />
          {t('drop')}
        </div>,
        over,
      )
    : null;
}
