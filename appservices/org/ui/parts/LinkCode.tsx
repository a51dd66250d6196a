import { QrPicture, useText } from '@qiao/ui-kit';
import encodeQR from 'qr';
import { useMemo, type ReactNode } from 'react';

/** A link as a QR code, for the camera of a phone. */
export function LinkCode(props: { link: string; name: string }): ReactNode {
  const { t } = useText('org');
  const { link } = props;
  const modules = useMemo(() => encodeQR(link, 'raw', { ecc: 'medium', border: 4 }), [link]);
  return <QrPicture className="o-code" modules={modules} label={t('links.code', { name: props.name })} />;
}
