import {
  BSON,
  MongoNetworkTimeoutError,
  MongoServerSelectionError,
  type ServerDescription,
  type TopologyDescription,
} from 'mongodb';
import { expect, it } from 'vitest';
import { mongoError } from '../../../adapters/mongo/failure.ts';

const unselected = (server: Partial<ServerDescription>) =>
  new MongoServerSelectionError('timed out', {
    servers: new Map([['a', server]]),
    error: null,
  } as unknown as TopologyDescription);
const late = (what: string) => ({ type: 'Unknown' as const, error: new MongoNetworkTimeoutError(what) });

it.each([
  ['a wait for a server that was answered by none', unselected({ type: 'Unknown', error: null }), 'TIMEOUT'],
  ['one whose server said nothing', unselected(late('connection 1 to a timed out')), 'TIMEOUT'],
  ['one that has not come to a connection', unselected(late("Socket 'connect' timed out after 1ms")), 'UNAVAILABLE'],
  ['one with no primary', unselected({ type: 'RSSecondary', error: null }), 'UNAVAILABLE'],
  ['what the driver says of BSON', new BSON.BSONError('Invalid Vector'), 'BAD_RESPONSE'],
])('%s (%#)', (_, error, code) => {
  expect(mongoError(error, 'shop', new AbortController().signal)).toMatchObject({ code });
});
