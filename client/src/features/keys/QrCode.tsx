import { QrPicture } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { qrModules } from './qr.ts';

/** The code of a verification. */
export const QrCode = (props: { bytes: Uint8ClampedArray; label: string }): ReactNode => (
  <QrPicture className="c-qr" modules={qrModules(props.bytes)} label={props.label} />
);
