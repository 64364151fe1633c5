import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { isBusy } from '../service.ts';

/** An answer whose body is bytes, as it comes. */
export interface Bytes {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
  /** All of it; rejects if the connection is cut before the end. */
  read(): Promise<Buffer>;
  /** Reads it to its end, and tells what kind of end that is. */
  ends(): Promise<'whole' | 'cut'>;
  /** Breaks the connection. */
  leave(): void;
}

/**
 * Posts a batch whose answer is taken as bytes, with these headers beside its content type and what it
 * accepts. The signal breaks the connection, also before there is an answer.
 */
export async function askBytes(
  url: string,
  body: object | string,
  accept: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Bytes> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
  response.body.on('error', () => {});
  const whole = response.statusCode === 503 ? Buffer.from(await response.body.arrayBuffer()) : undefined;
  if (whole && isBusy(503, String(whole))) {
    await setTimeout(100);
    return askBytes(url, body, accept, headers, signal);
  }
  const read = async () => whole ?? Buffer.from(await response.body.arrayBuffer());
  return {
    status: response.statusCode,
    headers: response.headers as Record<string, string>,
    body: response.body,
    read,
    ends: () =>
      read().then(
        () => 'whole',
        () => 'cut',
      ),
    leave: () => void response.body.destroy(),
  };
}

/** What an archive lists as missing. */
export function incomplete(files: ReadonlyMap<string, Buffer>): {
  complete: boolean;
  errors: { path: string; entry: string | null; cut: boolean; error: { code: string } }[];
} {
  return JSON.parse(String(files.get('_INCOMPLETE.json')));
}
