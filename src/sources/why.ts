import { CodapError } from '../errors.ts';

/** How far back causes are looked through; some go in a circle. */
const MOST_CAUSES = 8;
/** A code of Node.js, its TLS or a system call, such as `CERT_HAS_EXPIRED`, `ENOTFOUND`, `ECONNREFUSED`. */
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/**
 * What a failure is to the operator: its message, and in brackets the innermost code of what kept an answer
 * from coming. No host, address or driver's text is in it. A client is not told the code.
 */
export function why(error: CodapError): string {
  const code = error.status === undefined ? innermostCode(error) : undefined;
  return code === undefined ? error.message : `${error.message} (${code})`;
}

function innermostCode(error: CodapError): string | undefined {
  let found: string | undefined;
  let cause: unknown = error;
  for (let depth = 0; depth < MOST_CAUSES && cause instanceof Error; depth++) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!(cause instanceof CodapError) && typeof code === 'string' && CODE.test(code)) found = code;
    // Of several addresses each has failed: the first tells it.
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  }
  return found;
}
