import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { request } from 'undici';
import { findLeaks } from './leaks.ts';
import { isBusy } from './service.ts';

/** A frame of NDJSON or server-sent events. */
export interface Frame {
  event: 'reply' | 'item' | 'end';
  [field: string]: unknown;
}

/** An answer that is read frame by frame. */
export interface Flow {
  readonly headers: Readonly<Record<string, string>>;
  /** The next frame, as soon as it is there; undefined after the last one. */
  next(): Promise<Frame | undefined>;
  /** All frames still to come. */
  rest(): Promise<Frame[]>;
  /** Breaks the connection. */
  leave(): void;
}

/** Posts a batch and reads its answer as it comes, decompressed. */
export async function startFlow(url: string, body: object | string, headers: Record<string, string>): Promise<Flow> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  if (response.statusCode !== 200) {
    const text = await response.body.text();
    if (!isBusy(response.statusCode, text)) throw new Error(`not answered by frames: ${text}`);
    await setTimeout(100);
    return startFlow(url, body, headers);
  }
  const raw = response.body.on('error', () => {});
  const frames = read(decoded(raw, response.headers['content-encoding']));
  const next = async () => (await frames.next()).value;
  return {
    headers: response.headers as Record<string, string>,
    next,
    async rest() {
      const all: Frame[] = [];
      for (let frame = await next(); frame; frame = await next()) all.push(frame);
      return all;
    },
    leave: () => void raw.destroy(),
  };
}

function decoded(raw: Readable, coding: unknown): Readable {
  if (coding === 'gzip') return raw.pipe(createGunzip());
  return coding === 'br' ? raw.pipe(createBrotliDecompress()) : raw;
}

async function* read(stream: Readable): AsyncGenerator<Frame, undefined> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (text + String(chunk)).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const json = line.startsWith('data: ') ? line.slice(6) : line;
      const [leak] = findLeaks(json);
      if (leak !== undefined) throw new Error(`a frame told what none may tell: ${leak}`);
      if (json.startsWith('{')) yield JSON.parse(json) as Frame;
    }
  }
  return undefined;
}
