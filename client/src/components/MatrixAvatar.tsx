import { Avatar } from '@vector-im/compound-web';
import { useEffect, useState, type ReactNode } from 'react';
import { useMatrix } from '../matrix/context.tsx';

/** The picture of a person or a conversation; initials until it is there, or where there is none. */
export function MatrixAvatar(props: {
  /** User or room id: decides the colour. */
  id: string;
  name: string;
  mxc?: string | null | undefined;
  /** CSS pixels. */
  size: number;
  square?: boolean;
}): ReactNode {
  const { media } = useMatrix();
  const { mxc, size } = props;
  const [loaded, setLoaded] = useState<{ mxc: string; url: string }>();
  useEffect(() => {
    if (mxc === undefined || mxc === null) return;
    let shown = true;
    media.avatar(mxc, size).then(
      (url) => {
        if (shown) setLoaded({ mxc, url });
      },
      () => undefined,
    );
    return () => {
      shown = false;
    };
  }, [media, mxc, size]);
  return (
    <Avatar
      // Beside the name everywhere; by itself it would say the id.
      aria-hidden
      aria-label={undefined}
      id={props.id}
      name={props.name}
      size={`${String(size)}px`}
      type={props.square ? 'square' : 'round'}
      {...(loaded && loaded.mxc === mxc ? { src: loaded.url } : {})}
    />
  );
}
