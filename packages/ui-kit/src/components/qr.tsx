import type { ReactNode } from 'react';

/** A QR code of these modules, row by row with its quiet zone; dark on white in every theme: cameras want it so. */
export function QrPicture(props: {
  modules: readonly (readonly boolean[])[];
  label: string;
  className?: string;
}): ReactNode {
  const { modules } = props;
  const size = modules.length;
  const path = modules
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${String(x)} ${String(y)}h1v1h-1z`] : [])))
    .join('');
  return (
    <svg
      className={props.className}
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
