import { unpack } from '../encodings/unpack.ts';
import type { Service } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

/** The ways on which a body comes to a client. */
export const WAYS = ['gathered', 'zip', 'tar', 'raw'] as const;
/** One of them. */
export type Way = (typeof WAYS)[number];

const MEDIA_TYPES = {
  zip: 'application/zip',
  tar: 'application/x-tar',
  raw: 'application/octet-stream',
} as const;

/** What came of a query: all of its bytes, or why not. */
export interface Outcome {
  readonly bytes?: Buffer;
  readonly code?: string;
  /** Of a raw answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a gathered answer. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** Asks for one body on one way; in an archive another one has to be there, whatever comes of the first. */
export async function through(service: Service, way: Way, query: object, beside: object): Promise<Outcome> {
  if (way === 'gathered') {
    const { status, value, meta, error } = (await service.kv({ a: query })).results.a;
    if (status !== 'ok') return { code: error.code };
    return { bytes: Buffer.from(value ?? '', meta.encoding === 'base64' ? 'base64' : 'utf8'), meta };
  }
  const queries =
    way === 'raw'
      ? [query]
      : [
          { ...query, as: 'a' },
          { ...beside, as: 'beside' },
        ];
  const answer = await askBytes(`${service.url}/ordered`, { queries }, MEDIA_TYPES[way]);
  const { headers } = answer;
  if (way === 'raw') {
    if (answer.status >= 400) return { code: JSON.parse(String(await answer.read())).code };
    return answer.read().then(
      (bytes) => ({ bytes, headers }),
      () => ({ code: 'cut' }),
    );
  }
  if (answer.status !== 200) throw new Error(`an archive that is ${answer.status}`);
  const files = await unpack(way === 'zip' ? 'unzip' : 'tar', await answer.read());
  if (String(files.get('beside')) !== 'beside') throw new Error('what stands beside it is not there');
  if (!files.has('_INCOMPLETE.json')) return { bytes: files.get('a') as Buffer };
  return { code: incomplete(files).errors[0]?.error.code as string };
}
