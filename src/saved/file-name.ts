import type { Encoding } from '../encodings/encoding.ts';
import { encodings } from '../encodings/index.ts';
import { PAGE } from '../encodings/media-types.ts';

/** How the files of answers end. */
const ENDINGS = [...encodings, PAGE].map(({ extension }) => `.${extension}`);

/**
 * The file name that a saved batch has in an encoding. It says one for all of them: where that ends as
 * another of them does, the ending is changed. Raw bytes have a type of their own.
 */
export function fileNameIn(
  filename: string | undefined,
  { extension, form }: Pick<Encoding, 'extension' | 'form'>,
): string | undefined {
  if (filename === undefined || form === 'stored') return filename;
  const ending = ENDINGS.find((one) => filename.toLowerCase().endsWith(one));
  return ending === undefined ? filename : `${filename.slice(0, -ending.length)}.${extension}`;
}
