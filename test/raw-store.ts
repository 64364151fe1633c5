import { startByHand } from './by-hand.ts';

/** A store that answers these very bytes, whatever they are, and ends the connection. */
export interface RawStore {
  /** With a slash at its end. */
  readonly url: string;
  /** The heads of all requests so far. */
  readonly heads: string[];
  close(): Promise<void>;
}

/** Starts it; `answer` gives the bytes for a path. */
export async function startRaw(answer: (path: string) => string | Uint8Array): Promise<RawStore> {
  const heads: string[] = [];
  const { url, close } = await startByHand({
    answer({ socket, line, text }) {
      heads.push(text);
      const bytes = answer(line.split(' ')[1]!);
      socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    },
  });
  return { url, heads, close };
}

/** The bytes of an answer; its length is told unless the fields say how it is framed. */
export function answerOf(fields: readonly string[], body: string | Uint8Array = '', status = '200 OK'): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const framed = fields.some((field) => /^(?:content-length|transfer-encoding):/i.test(field));
  const lines = framed ? fields : [...fields, `content-length: ${bytes.length}`];
  return Buffer.concat([Buffer.from([`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n'), 'latin1'), bytes]);
}
