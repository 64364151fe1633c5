import { parentPort, workerData } from 'node:worker_threads';
import { Embedded, type EmbeddedOptions } from './embedded.ts';

/** A call from the main thread: which method of Embedded, and its arguments. */
export interface Request {
  id: number;
  method: string;
  args: unknown[];
}

/** What came of a call. */
export type Response = { id: number; value: unknown } | { id: number; error: unknown };

const port = parentPort;
if (port === null) throw new Error('This module is the entry of a worker thread');
const embedded = await Embedded.start(workerData as EmbeddedOptions);
const methods = embedded as unknown as Record<string, (...args: unknown[]) => unknown>;

async function answer({ id, method, args }: Request): Promise<Response> {
  try {
    return { id, value: await methods[method]?.(...args) };
  } catch (error) {
    return { id, error };
  }
}

port.on('message', (request: Request) => void answer(request).then((response) => port.postMessage(response)));
port.postMessage(embedded.ports);
