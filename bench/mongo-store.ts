import { createServer, type AddressInfo } from 'node:net';
import { deserialize, Long, serialize, type ObjectId } from 'bson';
import { cursorReply } from '../demo/mongo/raw.ts';
import { encodeReply, framer } from '../demo/mongo/wire.ts';
import { DOCUMENTS, documentOf } from './mongo-documents.ts';

/**
 * A process that only answers, with what it made beforehand: one document by its `_id`, some, or all. It says
 * its port on its channel.
 */
const documents = Array.from({ length: DOCUMENTS }, (_, at) => documentOf(at));
const reply = (...found: Uint8Array[]) => cursorReply('firstBatch', found, Long.ZERO, 'bench.items');
const bytesById = new Map(documents.map((document) => [document._id.toHexString(), serialize(document)]));
const all = reply(...bytesById.values());
const byId = new Map(Array.from(bytesById, ([id, bytes]) => [id, reply(bytes)]));
const greeting = serialize({
  helloOk: true,
  isWritablePrimary: true,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 25,
  ok: 1,
});

type Wanted = ObjectId | { readonly $in: readonly ObjectId[] };

function answer(body: Uint8Array): Uint8Array {
  const { find, filter } = deserialize(body) as { find?: string; filter?: { _id?: Wanted } };
  if (find === undefined) return greeting;
  const wanted = filter?._id;
  if (wanted === undefined) return all;
  if (!('$in' in wanted)) return byId.get(wanted.toHexString()) ?? reply();
  return reply(...wanted.$in.flatMap((id) => bytesById.get(id.toHexString()) ?? []));
}

const server = createServer((socket) => {
  const messages = framer();
  socket.setNoDelay().on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    for (const message of messages(chunk)) socket.write(encodeReply(message, answer(message.body)));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
