/**
 * The codes of docs/reference.md, with the HTTP status a batch answers when this failure decided it, and
 * whether trying again may help.
 */
export const CODES = {
  TIMEOUT: { http: 504, retryable: true },
  UNAVAILABLE: { http: 502, retryable: true },
  OVERLOADED: { http: 503, retryable: true },
  CIRCUIT_OPEN: { http: 503, retryable: true },
  NOT_FOUND: { http: 404, retryable: false },
  FORBIDDEN: { http: 502, retryable: false },
  INVALID: { http: 422, retryable: false },
  TOO_LARGE: { http: 422, retryable: false },
  BAD_RESPONSE: { http: 502, retryable: false },
  DEPENDENCY_FAILED: { http: 422, retryable: false },
  CANCELLED: { http: 500, retryable: false },
  INTERNAL: { http: 500, retryable: false },
} as const;

/** One of the error codes a reply may carry. */
export type Code = keyof typeof CODES;

/** What an error may say beside its code and message. */
export interface ErrorDetails {
  /** The source's name. */
  source?: string;
  /** The HTTP status the store answered. */
  status?: number;
  /** How long the store asks callers to wait, in milliseconds. */
  retryAfterMs?: number;
  /** The names of the queries that it refers to and that failed, or did not come within its time. */
  dependsOn?: string[];
  /** For how long the store lets that be kept, in milliseconds; by itself for as long as one likes. */
  freshMs?: number;
  /** Overrides the code's own word on whether trying again may help. */
  retryable?: boolean;
  /** Overrides the HTTP status of a batch that this failure decides. */
  http?: number;
  /**
   * Codap turned the query away: said by whoever did. It tells nothing of the store, and nobody asks again.
   */
  rejected?: boolean;
  /** What was caught; for the log alone, never part of an answer. */
  cause?: unknown;
}

/** A failure that may be shown: its message never holds a host, a credential or a driver's text. */
export class CodapError extends Error {
  readonly code: Code;
  readonly retryable: boolean;
  readonly http: number;
  readonly source?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly dependsOn?: string[];
  /** For how long the store lets it be kept, in milliseconds; undefined where it says nothing. */
  readonly freshMs?: number;
  /** Codap turned the query away, whatever the store would have said. */
  readonly rejected: boolean;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CodapError';
    this.code = code;
    this.retryable = details.retryable ?? CODES[code].retryable;
    this.http = details.http ?? CODES[code].http;
    this.rejected = details.rejected ?? false;
    if (details.source !== undefined) this.source = details.source;
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.dependsOn !== undefined) this.dependsOn = details.dependsOn;
    if (details.freshMs !== undefined) this.freshMs = details.freshMs;
  }

  /** The same failure, with the source it came from where it did not yet say so. */
  from(source: string | undefined): CodapError {
    if (this.source !== undefined || source === undefined) return this;
    // Where it was made is in the log, too.
    return this.#again({ source, cause: this.cause ?? (this.code === 'INTERNAL' ? this : undefined) });
  }

  /** The same failure without its cause, and so without what that holds, for who keeps it. */
  withoutCause(): CodapError {
    return this.#again({ cause: undefined });
  }

  /** The same failure so many milliseconds later: the store asks to wait for so much less. */
  later(ms: number): CodapError {
    const { retryAfterMs } = this;
    return retryAfterMs === undefined ? this : this.#again({ retryAfterMs: Math.max(0, retryAfterMs - ms) });
  }

  /** The same failure, of what waited for these. */
  waitingFor(dependsOn: string[]): CodapError {
    return this.#again({ dependsOn });
  }

  #again(own: Pick<ErrorDetails, 'source' | 'cause' | 'retryAfterMs' | 'dependsOn'>): CodapError {
    // Neither an error's message nor its cause is enumerable.
    return new CodapError(this.code, this.message, Object.assign({ cause: this.cause }, this, own));
  }

  /** The error as an answer shows it. */
  toJSON(): Record<string, unknown> {
    const { code, message, source, status, retryable, retryAfterMs, dependsOn } = this;
    return { code, message, source, status, retryable, retryAfterMs, dependsOn };
  }
}

/** The failure of work whose result nobody waits for any more. */
export function notNeeded(cause?: unknown): CodapError {
  return new CodapError('CANCELLED', 'not needed any more', { cause });
}

/** The failure of work that did not end in the time it has, or had none; of a source, if it is one's. */
export function tooLate(source?: string, rejected = false): CodapError {
  return new CodapError('TIMEOUT', 'no answer within the time allowed', { source, rejected });
}

/** The failure of what a batch's deadline has overtaken. */
export function deadlinePassed(): CodapError {
  return new CodapError('TIMEOUT', "the batch's deadline passed");
}

/** What an aborted call fails with: the reason it was given, if that may be shown, else CANCELLED. */
export function abortReason({ reason }: AbortSignal): CodapError {
  return reason instanceof CodapError ? reason : notNeeded(reason);
}

/** JavaScript's own kinds of error. */
const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError];

/**
 * Any thrown thing as a CodapError. Of what nobody foresaw, an error of JavaScript's own kinds is a bug of
 * codap's, INTERNAL, and anything else came out of a driver and is the store's, UNAVAILABLE. Its text is for
 * the log alone.
 */
export function toCodapError(error: unknown): CodapError {
  if (error instanceof CodapError) return error;
  if (BUGS.some((kind) => error instanceof kind))
    return new CodapError('INTERNAL', 'codap failed to run this query', { cause: error });
  return new CodapError('UNAVAILABLE', 'no connection to the store, or its answer was cut', { cause: error });
}

/** How every layer judges a failure. */
export type Kind = 'transient' | 'permanent' | 'rejected' | 'cancelled';

/**
 * Decides once, for all layers, what kind of failure this is. Whoever rejects a query says so in its error.
 */
export function classify(error: unknown): Kind {
  if (!(error instanceof CodapError)) return 'permanent';
  if (error.code === 'CANCELLED') return 'cancelled';
  if (error.rejected) return 'rejected';
  return error.retryable ? 'transient' : 'permanent';
}
