import encodeQR from 'qr';

/** Bytes as text, one character a byte: the way through an encoder that takes text. */
const asText = (bytes: ArrayLike<number>): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const asBytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** The modules of a QR code of these bytes, row by row, with the quiet zone that cameras need. */
export const qrModules = (bytes: ArrayLike<number>): boolean[][] =>
  encodeQR(asText(bytes), 'raw', { encoding: 'byte', textEncoder: asBytes, ecc: 'medium', border: 4 });

/** For a decoder: text of a code, one character a byte. @see bytesOf */
export const decodeAsBytes = (bytes: Uint8Array): string => asText(bytes);

/** The bytes of what {@link decodeAsBytes} gave. */
export const bytesOf = (text: string): Uint8ClampedArray =>
  Uint8ClampedArray.from(text, (letter) => letter.charCodeAt(0));
