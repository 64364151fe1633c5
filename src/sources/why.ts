import { CodapError } from '../errors.ts';

/** How far back causes are looked through; some go in a circle. */
const MOST_CAUSES = 8;
/** A code of Node.js, its TLS or a system call, such as `CERT_HAS_EXPIRED`, `ENOTFOUND`, `ECONNREFUSED`. */
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** What a store calls a failure: `KMS.DisabledException` of S3, `AuthenticationFailed` of MongoDB. */
const WORD = /^(?:KMS\.)?[A-Za-z][A-Za-z0-9]{1,63}$/;

/** What drivers make of a failure: a code of theirs or the system's; the word of MongoDB, and that of S3. */
interface Cause {
  readonly code?: unknown;
  readonly codeName?: unknown;
  readonly Code?: unknown;
}

/**
 * What a failure is to the operator: its message, and in brackets the store's own word for it or, where the
 * store has said none, the innermost code of what kept an answer from coming. No address or sentence of a
 * driver or store is in it; what its word says is up to the store. A client is not told what is in the
 * brackets.
 */
export function why(error: CodapError): string {
  const causes = causesOf(error);
  const said = causes.map(({ codeName, Code = codeName }) => Code).find((word) => is(WORD, word));
  const found = causes.map(({ code }) => code).findLast((code) => is(CODE, code));
  const word = said ?? (error.status === undefined ? found : undefined);
  return word === undefined || error.message.includes(word) ? error.message : `${error.message} (${word})`;
}

function is(form: RegExp, word: unknown): word is string {
  return typeof word === 'string' && form.test(word);
}

/** The outermost first. */
function causesOf(error: CodapError): readonly Cause[] {
  const causes: Cause[] = [];
  let cause: unknown = error;
  for (let depth = 0; depth < MOST_CAUSES && cause instanceof Error; depth++) {
    if (!(cause instanceof CodapError)) causes.push(cause as Cause);
    // Of several addresses each has failed: the first tells it.
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  }
  return causes;
}
