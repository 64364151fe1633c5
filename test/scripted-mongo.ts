import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Long, serialize } from 'bson';
import { cursorReply } from '../demo/mongo/raw.ts';
import { encodeReply, framer } from '../demo/mongo/wire.ts';
import { rawDocument, type Raw } from './adapters/mongo/raw-bson.ts';

/** A MongoDB server that answers the very bytes a test says, and keeps those it was asked with. */
export interface ScriptedMongo {
  readonly url: string;
  /** The commands that were asked, but for what drivers ask by themselves, as their bytes. */
  readonly commands: readonly Buffer[];
  /** Resolves once somebody waits to hear of a change. */
  readonly watched: Promise<void>;
  close(): Promise<void>;
}

/**
 * What a command is answered with: documents, of a cursor that stays open or not, or the values of a
 * `distinct`; or nothing, or its connection is cut.
 */
export type Script = (
  name: string,
  command: Buffer,
) =>
  | readonly Uint8Array[]
  | { readonly found: readonly Uint8Array[]; readonly open: Long }
  | { readonly distinct: readonly Raw[] }
  | 'nothing'
  | 'cut';

const GREETING = {
  helloOk: true,
  isWritablePrimary: true,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 25,
  ok: 1,
};
const ASKED = new Set(['find', 'aggregate', 'distinct', 'getMore', 'killCursors']);

/** What becomes of a message on its way; `isAsked` of one that answers no driver's own question. */
export type Way = (message: Buffer, isAsked: boolean) => Uint8Array;

/**
 * Starts it; `greeting` is told beside what every server says of itself, whatever a driver asks by itself,
 * or by the name of that. With a `topologyVersion` there, who would hear of a change waits for one, as of a
 * server of today.
 */
export async function startScriptedMongo(
  script: Script,
  greeting: object | ((name: string) => object) = {},
  way: Way = (message) => message,
  port = 0,
): Promise<ScriptedMongo> {
  const sockets = new Set<Socket>();
  const commands: Buffer[] = [];
  const watched = Promise.withResolvers<void>();
  const answer = (name: string, bytes: Buffer): Uint8Array | 'nothing' | 'cut' => {
    if (bytes.includes('maxAwaitTimeMS\0') && 'topologyVersion' in greeting) {
      watched.resolve();
      return 'nothing';
    }
    if (!ASKED.has(name))
      return serialize({ ...GREETING, ...(typeof greeting === 'function' ? greeting(name) : greeting) });
    commands.push(bytes);
    const told = script(name, bytes);
    if (told === 'cut' || told === 'nothing') return told;
    const batch = name === 'getMore' ? 'nextBatch' : 'firstBatch';
    if ('open' in told) return cursorReply(batch, told.found, told.open, 'd.c');
    if (!('distinct' in told)) return cursorReply(batch, told, Long.ZERO, 'd.c');
    const values = rawDocument(told.distinct.map((value, index) => [String(index), value]));
    return rawDocument([
      ['values', { type: 0x04, bytes: values }],
      ['ok', { type: 0x08, bytes: Buffer.of(1) }],
    ]);
  };
  const server = createServer((socket) => {
    const messages = framer();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const message of messages(chunk)) {
        const bytes = Buffer.from(message.body);
        const name = bytes.toString('utf8', 5, bytes.indexOf(0, 5));
        const told = answer(name, bytes);
        if (told === 'cut') socket.destroy();
        else if (told !== 'nothing') socket.write(way(Buffer.from(encodeReply(message, told)), ASKED.has(name)));
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    watched: watched.promise,
    async close() {
      const closed = [server, ...sockets].map((open) => once(open, 'close'));
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
