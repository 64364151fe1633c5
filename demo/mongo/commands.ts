import { aggregate, count, distinct, find, getMore, killCursors } from './read.ts';
import { createIndexes, drop, listCollections, listIndexes } from './catalog.ts';
import type { Command } from './command.ts';
import { saslContinue, saslStart } from './login.ts';
import { update } from './update.ts';
import { MAX_MESSAGE_BYTES } from './wire.ts';
import { insert, remove } from './write.ts';

const OK: Command = () => ({ ok: 1 });

/** A standalone that speaks as MongoDB 8.0 does. */
const hello: Command = ({ body }, { scram }) => ({
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: MAX_MESSAGE_BYTES,
  maxWriteBatchSize: 100_000,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 25,
  readOnly: false,
  ...(scram && body.saslSupportedMechs && { saslSupportedMechs: ['SCRAM-SHA-256'] }),
  ok: 1,
});

/** Every command this server knows, by the name that comes first in its document. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['hello', hello],
  ['isMaster', hello],
  ['ismaster', hello],
  ['saslStart', saslStart],
  ['saslContinue', saslContinue],
  ['ping', OK],
  ['endSessions', OK],
  ['killOp', OK],
  ['buildInfo', () => ({ version: '8.0.0', versionArray: [8, 0, 0, 0], maxBsonObjectSize: 16 * 1024 * 1024, ok: 1 })],
  ['find', find],
  ['getMore', getMore],
  ['killCursors', killCursors],
  ['aggregate', aggregate],
  ['count', count],
  ['distinct', distinct],
  ['insert', insert],
  ['update', update],
  ['delete', remove],
  ['listCollections', listCollections],
  ['listIndexes', listIndexes],
  ['createIndexes', createIndexes],
  ['drop', drop],
]);

/** What drivers ask by themselves: never counted on by a test, so never made to fail. */
export const HOUSEKEEPING: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'saslStart',
  'saslContinue',
  'endSessions',
]);
