import { Busy, useText } from '@qiao/ui-kit';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { bytesOf, decodeAsBytes } from './qr.ts';

/**
 * The camera, until it has seen a QR code that `onCode` takes.
 * @param props.onCode answers whether it was the right one
 */
export default function QrScanner(props: {
  onCode: (bytes: Uint8ClampedArray) => Promise<boolean>;
}): ReactNode {
  const { t } = useText('keys');
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<'starting' | 'looking' | 'wrong' | 'refused'>('starting');
  const { onCode } = props;
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const closed = (): boolean => signal.aborted;
    void (async () => {
      const { QRCanvas, frameLoop, rearCamera } = await import('qr/dom.js');
      const element = video.current;
      if (!element || closed()) return;
      const canvas = new QRCanvas({}, { textDecoder: decodeAsBytes, cropToSquare: true });
      const camera = await rearCamera(element);
      signal.addEventListener('abort', () => {
        camera.stop();
      });
      if (closed()) {
        // Closed while the camera was starting: the listener came too late.
        camera.stop();
        return;
      }
      setState('looking');
      let busy = false;
      const look = async (): Promise<void> => {
        const found = await camera.readFrame(canvas);
        if (typeof found !== 'string' || closed()) return;
        if (!(await onCode(bytesOf(found))) && !closed()) setState('wrong');
      };
      const end = frameLoop(() => {
        if (busy) return;
        busy = true;
        void look().finally(() => {
          busy = false;
        });
      }, element);
      signal.addEventListener('abort', end);
    })().catch(() => {
      if (!signal.aborted) setState('refused');
    });
    return () => {
      abort.abort();
    };
  }, [onCode]);
  return (
    <div className="c-scanner">
      <video ref={video} muted playsInline aria-label={t('verify.camera')} hidden={state === 'refused'} />
      {state === 'starting' && <Busy label={t('verify.camera_starting')} />}
      <p role="status">
        {state === 'refused' ? t('verify.camera_refused') : state === 'wrong' ? t('verify.wrong_code') : ''}
      </p>
    </div>
  );
}
