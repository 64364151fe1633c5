import {
  MongoClientClosedError,
  MongoCompatibilityError,
  MongoError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoMissingDependencyError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoUnexpectedServerResponseError,
} from 'mongodb';
import { BSONError } from 'bson';
import { abortReason, CodapError, toCodapError, type Code } from '../../src/errors.ts';
import { isSilence } from './unreachable.ts';

// MongoDB's error codes: https://www.mongodb.com/docs/manual/reference/error-codes/
const TIMED_OUT = new Set([50, 202, 262]);
const FORBIDDEN = new Set([11, 13, 18, 33, 8000]);
// The latter are in its source alone: of $lookup, a reply, an aggregation, $group, $graphLookup, $facet.
const TOO_LARGE = new Set([146, 292, 10334, 17217, 17280, 4568, 13548, 16389, 16945, 40099, 4_031_700]);
// Of MongoDB, and of Azure Cosmos DB, whose status for it is 429.
const OVERLOADED = new Set([462, 16500]);
const UNAVAILABLE = new Set([
  1, 6, 7, 8, 24, 43, 63, 89, 91, 112, 133, 134, 136, 150, 175, 189, 237, 246, 279, 317, 365, 402, 9001, 10058, 10107,
  11600, 11601, 11602, 13388, 13435, 13436,
]);

/**
 * Any failure of the driver as a CodapError, without a word of the driver's text; `signal` tells a caller who
 * left from a store that failed.
 */
export function mongoError(error: unknown, source: string, signal: AbortSignal): CodapError {
  if (signal.aborted) return abortReason(signal);
  if (error instanceof CodapError) return error;
  const judged = judge(error);
  if (!judged) return toCodapError(error).from(source);
  const [code, message] = judged;
  return new CodapError(code, message, { source, cause: error });
}

/** True if this client will never work again, and a new one is needed. */
export function isDead(error: unknown): boolean {
  return (
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError ||
    error instanceof MongoNotConnectedError
  );
}

/** True if no connection comes about: a server refuses the login, or is none that codap can speak to. */
export function isRefusal(error: unknown): boolean {
  const told = toldBy(error) ?? error;
  if (told instanceof MongoCompatibilityError) return true;
  return told instanceof MongoServerError && FORBIDDEN.has(Number(told.code)) && told.hasErrorLabel('HandshakeError');
}

/** What a server has said for which none was found, or for which all who waited for a connection failed. */
function toldBy(error: unknown): MongoServerError | MongoCompatibilityError | undefined {
  if (!(error instanceof MongoServerSelectionError || error instanceof MongoNetworkError)) return undefined;
  const { cause } = error;
  return cause instanceof MongoServerError || cause instanceof MongoCompatibilityError ? cause : undefined;
}

const REFUSALS = [MongoInvalidArgumentError, MongoMissingCredentialsError] as const;

/** What the driver's own kinds of failure are; undefined for one of another kind, such as a socket's. */
function judge(error: unknown): [Code, string] | undefined {
  if (error instanceof MongoServerError) return judgeAnswer(error);
  if (error instanceof MongoCompatibilityError) return UNSUITABLE;
  // What the driver was given it will never take: no store has a part in that.
  if (REFUSALS.some((refusal) => error instanceof refusal)) return ['INTERNAL', 'codap failed to run this query'];
  const told = toldBy(error);
  if (told) return judge(told);
  if (error instanceof MongoServerSelectionError && isAnySilent(error)) return ['TIMEOUT', TOO_LONG];
  // The driver has a class of its own for it.
  if (BSONError.isBSONError(error) || error instanceof MongoUnexpectedServerResponseError || isBeyondBytes(error))
    return UNREADABLE;
  // It is compressed as nobody has asked for.
  if (error instanceof MongoMissingDependencyError) return UNREADABLE;
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError || isDead(error)) {
    return ['UNAVAILABLE', 'the store cannot be reached'];
  }
  if (error instanceof MongoError) return ['UNAVAILABLE', 'the store did not answer'];
  return toCodapError(error).code === 'INTERNAL' && isOfDriver(error as Error) ? UNREADABLE : undefined;
}

/** True if no server was found while one had said nothing at all: it may be slow. */
function isAnySilent({ reason }: MongoServerSelectionError): boolean {
  const servers = [...(reason?.servers.values() ?? [])];
  return servers.some(({ type, error }) => type === 'Unknown' && (error === null || isSilence(error)));
}

const TOO_LONG = 'the store took too long';
const UNSUITABLE: [Code, string] = [
  'BAD_RESPONSE',
  'the store is too old or too new for codap, or not behind a load balancer as its connection string says',
];
const UNREADABLE: [Code, string] = ['BAD_RESPONSE', 'the answer of the store could not be read'];

/** What Node throws where BSON says that it has more bytes than it has. */
function isBeyondBytes(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error;
}

/** What the driver itself trips over, where a reply has not the types that it takes for granted. */
function isOfDriver({ stack = '' }: Error): boolean {
  const innermost = stack.split('\n').find((call) => /^ +at .*[\\/]/.test(call)) ?? '';
  return /[\\/]node_modules[\\/]mongodb[\\/]/.test(innermost);
}

function judgeAnswer(error: MongoServerError): [Code, string] {
  const code = Number(error.code);
  if (TIMED_OUT.has(code)) return ['TIMEOUT', TOO_LONG];
  if (FORBIDDEN.has(code)) return ['FORBIDDEN', 'the store refused codap'];
  if (TOO_LARGE.has(code))
    return ['TOO_LARGE', 'the answer, or what the store needs to make it, is too large; a narrower filter may help'];
  if (OVERLOADED.has(code) || error.hasErrorLabel('SystemOverloadedError'))
    return ['OVERLOADED', 'the store asks for fewer requests'];
  if (UNAVAILABLE.has(code)) return ['UNAVAILABLE', 'the store cannot answer now'];
  return ['INVALID', `the store refused this query${reasonOf(error, code)}`];
}

/** A constant of MongoDB's, BadValue or Location17124, or its number: it repeats nothing of the query. */
function reasonOf({ codeName }: MongoServerError, code: number): string {
  if (typeof codeName === 'string' && /^[A-Za-z]{1,64}\d{0,10}$/.test(codeName)) return ` (${codeName})`;
  return Number.isSafeInteger(code) ? ` (${code})` : '';
}
