import {
  BSON,
  MongoCompatibilityError,
  MongoInvalidArgumentError,
  MongoMissingDependencyError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  type ServerDescription,
  type TopologyDescription,
} from 'mongodb';
import { expect, it } from 'vitest';
import { mongoError } from '../../../adapters/mongo/failure.ts';

const told = (error: unknown) => mongoError(error, 'shop', new AbortController().signal);
const refused = new MongoServerError({ code: 18, codeName: 'AuthenticationFailed' });
const tooOld = new MongoCompatibilityError('wire version');
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
  ['what the driver will never take', new MongoInvalidArgumentError('no such name'), 'INTERNAL'],
  ['what the driver says of BSON', new BSON.BSONError('Invalid Vector'), 'BAD_RESPONSE'],
  ['a server of a version that the driver does not know', tooOld, 'BAD_RESPONSE'],
  ['a connection that others had ended', new MongoNetworkError('cleared'), 'UNAVAILABLE'],
  [
    'one that came to nothing as a login was refused',
    new MongoNetworkError('cleared', { cause: refused }),
    'FORBIDDEN',
  ],
  [
    'what is compressed as nobody has asked for',
    new MongoMissingDependencyError('snappy', { cause: new Error('none'), dependencyName: 'snappy' }),
    'BAD_RESPONSE',
  ],
])('%s (%#)', (_, error, code) => {
  expect(told(error)).toMatchObject({ code });
});

it.each([undefined, refused, tooOld])('what a server has said for which none was found is told of it: %s', (cause) => {
  const description = { servers: new Map(), error: cause ?? null } as unknown as TopologyDescription;
  const { code, retryable } = told(new MongoServerSelectionError('none', description));
  expect([code, retryable]).toEqual(cause ? [told(cause).code, false] : ['UNAVAILABLE', true]);
});

it.each([
  [{ code: 2, codeName: 'BadValue' }, 'INVALID', 'the store refused this query (BadValue)'],
  [{ code: 17124, codeName: 'Location17124' }, 'INVALID', 'the store refused this query (Location17124)'],
  [{ code: 17124 }, 'INVALID', 'the store refused this query (17124)'],
  [{ code: 17124, codeName: 'a text: {"secret": 1}' }, 'INVALID', 'the store refused this query (17124)'],
  [{ code: 'secret' }, 'INVALID', 'the store refused this query'],
  [{}, 'INVALID', 'the store refused this query'],
  ...[4568, 10334, 13548, 16389, 16945, 17217, 40099, 4031700].map(
    (code) => [{ code, codeName: `Location${code}` }, 'TOO_LARGE', expect.stringContaining('too large')] as const,
  ),
] as const)('a store that refuses a query, %j, is %s', (answer, code, message) => {
  expect(told(new MongoServerError(answer))).toMatchObject({ code, message });
});
