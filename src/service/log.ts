import pino, { type DestinationStream, type Logger, type LevelWithSilent } from 'pino';
import { StandardOutput } from './standard-output.ts';

/** Lines of this level on are written at once, others together. */
const WARN = 40;

/** The levels a log can have, the most talkative first. */
export const LEVELS: readonly LevelWithSilent[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const HIDDEN = '[redacted]';

/** How far back causes are told; some go in a circle. */
const MOST_CAUSES = 5;

/** A secret shorter than this is none, and would mask what only looks like it. */
const SHORTEST = 4;

/** A string of JSON (RFC 8259 §7), of which a colon makes a key. */
const STRING = /"((?:[^"\\]|\\.)*)"(:?)/g;

/** Fields that hold words of codap alone … */
const WORDS = [
  'msg',
  'pattern',
  'status',
  'failed',
  'method',
  'reason',
  'code',
  'why',
  'signal',
  'trace_id',
  'span_id',
];
/** … or names of the configuration: a secret that reads as one of these is not told by it. */
const NAMES = ['hostname', 'file', 'path', 'paths', 'route', 'source', 'sources', 'batch', 'batches', 'caller'];
const OWN: ReadonlySet<string> = new Set([...WORDS, ...NAMES]);

/** What a line about an error says that has no words of its own: the error's text is none of codap's. */
const NO_WORDS = 'an error';

/** What no line of a log may show. */
export class Secrets {
  #known: readonly string[] = [];
  #asWritten: readonly string[] = [];

  constructor(secrets: readonly string[]) {
    this.add(secrets);
  }

  /** From now on these are hidden, too. */
  add(secrets: readonly string[]): void {
    const hidden = secrets.filter((secret) => secret.length >= SHORTEST);
    // One may be a part of another: the longest goes first.
    this.#known = [...new Set([...this.#known, ...hidden])].toSorted((a, b) => b.length - a.length);
    this.#asWritten = this.#known.map((secret) => JSON.stringify(secret).slice(1, -1));
  }

  /**
   * A line of JSON without them, its keys and codap's own words as they are. A secret of digits stands in
   * many numbers, which tell nothing of it.
   */
  readonly hide = (line: string): string => {
    if (!this.#standsIn(line)) return line;
    let key = '';
    return line.replaceAll(STRING, (text, inner: string, colon: string) => {
      if (colon !== '') key = inner;
      const isPlain = colon !== '' || OWN.has(key) || !this.#standsIn(inner);
      return isPlain ? text : JSON.stringify(this.#without(JSON.parse(text) as string));
    });
  };

  #standsIn(written: string): boolean {
    return this.#asWritten.some((secret) => written.includes(secret));
  }

  #without(text: string): string {
    return this.#known.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  }
}

/**
 * A logger (JSON lines, to stdout unless told) that hides authorization and cookie headers, and these secrets
 * wherever they turn up in a text. Nothing that is logged throws.
 */
export function createLogger(level: LevelWithSilent, secrets: Secrets, destination?: DestinationStream): Logger {
  const headers = ['authorization', 'cookie', '["set-cookie"]'];
  const paths = ['', '*', 'req.headers', '*.headers'].flatMap((parent) =>
    headers.map((name) => (parent === '' || name.startsWith('[') ? parent + name : `${parent}.${name}`)),
  );
  const stdout = destination
    ? undefined
    : new StandardOutput((lines) => logger.warn({ lines }, 'lines were lost: the log could not be written'));
  const logger = pino(
    {
      level,
      redact: { paths, censor: HIDDEN },
      serializers: { err: (error) => described(error, 0) },
      hooks: {
        streamWrite: secrets.hide,
        logMethod(args, method, level) {
          const [what, words] = args;
          try {
            if (words === undefined && typeof what !== 'string') method.call(this, what, NO_WORDS);
            else method.apply(this, args);
          } catch {
            // A line that cannot be made, of an error that cannot even be read, fails nobody who logs it.
          }
          if (level >= WARN) stdout?.flushSync();
        },
      },
    },
    destination ?? stdout!,
  );
  return logger;
}

/**
 * An error and what caused it, by kind, text and stack: in other fields drivers keep what they sent and were
 * told.
 */
function described(error: unknown, depth: number): unknown {
  if (!(error instanceof Error))
    return typeof error === 'string' ? error : `${error === null ? 'null' : typeof error}, no error`;
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    stack,
    ...(cause !== undefined && depth < MOST_CAUSES && { cause: described(cause, depth + 1) }),
  };
}
