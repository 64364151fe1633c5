import { createServer, type AddressInfo } from 'node:net';
import { deserialize, Long, serialize, type ObjectId } from 'bson';
import { cursorReply } from '../demo/mongo/raw.ts';
import { encodeReply, framer } from '../demo/mongo/wire.ts';
import { DOCUMENTS, documentOf } from './mongo-documents.ts';

/**
 * A process that only answers, with what it made beforehand: one document by its `_id`, or all. It says
 * its port on its channel.
 */
const documents = Array.from({ length: DOCUMENTS }, (_, at) => documentOf(at));
const reply = (...found: object[]) =>
  cursorReply(
    'firstBatch',
    found.map((document) => serialize(document)),
    Long.ZERO,
    'bench.items',
  );
const all = reply(...documents);
const byId = new Map(documents.map((document) => [document._id.toHexString(), reply(document)]));
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

function answer(body: Uint8Array): Uint8Array {
  const { find, filter } = deserialize(body) as { find?: string; filter?: { _id?: ObjectId } };
  if (find === undefined) return greeting;
  return filter?._id ? (byId.get(filter._id.toHexString()) ?? reply()) : all;
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
