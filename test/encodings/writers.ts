import { Readable } from 'node:stream';
import { Flow } from '../../src/batch/run/flow.ts';
import type { Entry } from '../../src/encodings/archive/entry.ts';
import type { ArchiveWriter, Sink } from '../../src/encodings/archive/writer.ts';
import { CodapError } from '../../src/errors.ts';

const modified = new Date('2026-03-01T09:30:01Z');

/** An entry whose content is here. */
export function stored(content: string): Entry {
  return { name: '', modified, size: Buffer.byteLength(content), content: Buffer.from(content) };
}

/** An entry whose content flows; it breaks after its last piece if told. */
export function flowing(pieces: readonly string[], size: number | undefined, breaks = false): Entry {
  const stream = Readable.from(
    (async function* () {
      for (const piece of pieces) yield Buffer.from(piece);
      if (breaks) throw new CodapError('UNAVAILABLE', 'cut');
    })(),
    { objectMode: false },
  );
  const payload = { kind: 'body', stream, meta: {} } as const;
  return {
    name: '',
    modified,
    size,
    content: new Flow<Buffer>(payload, 'here', { streamIdleMs: 1000, streamMs: 5000 }, () => {}),
  };
}

/** The bytes of an archive of these entries, and what broke each, or kept it out. */
export async function archive(
  start: (sink: Sink) => ArchiveWriter,
  entries: Iterable<readonly [string, Entry]>,
  comment = '',
): Promise<{ bytes: Buffer; broken: unknown[] }> {
  const chunks: Uint8Array[] = [];
  const writer = start((bytes) => {
    chunks.push(Uint8Array.from(bytes));
    return undefined;
  });
  const broken: unknown[] = [];
  for (const [name, entry] of entries) broken.push(await writer.add(entry, name).catch((error: unknown) => error));
  await writer.end(comment);
  return { bytes: Buffer.concat(chunks), broken };
}
