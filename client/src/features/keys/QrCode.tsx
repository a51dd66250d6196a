import type { ReactNode } from 'react';
import { qrModules } from './qr.ts';

/** A QR code, dark on white in every theme: cameras want it so. */
export function QrCode(props: { bytes: Uint8ClampedArray; label: string }): ReactNode {
  const modules = qrModules(props.bytes);
  const size = modules.length;
  const path = modules
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${String(x)} ${String(y)}h1v1h-1z`] : [])))
    .join('');
  return (
    <svg
      className="c-qr"
      viewBox={`0 0 ${String(size)} ${String(size)}`}
      role="img"
      aria-label={props.label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
