import pino, { type DestinationStream, type Logger, type LevelWithSilent } from 'pino';
import type { Config } from '../config/load.ts';

/** The levels a log can have, the most talkative first. */
export const LEVELS: readonly LevelWithSilent[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const HIDDEN = '[redacted]';

/** How far back causes are told; some go in a circle. */
const MOST_CAUSES = 5;

/** A logger (JSON lines, to stdout unless told) that hides authorization and cookie headers, and the credentials of a configuration wherever they turn up. */
export function createLogger(
  level: LevelWithSilent,
  config: Pick<Config, 'sources'>,
  destination?: DestinationStream,
): Logger {
  const hidden = credentials(config).map((secret) => JSON.stringify(secret).slice(1, -1));
  const headers = ['authorization', 'cookie', '["set-cookie"]'];
  const paths = ['', '*', 'req.headers', '*.headers'].flatMap((parent) =>
    headers.map((name) => (parent === '' || name.startsWith('[') ? parent + name : `${parent}.${name}`)),
  );
  const streamWrite = (line: string): string => hidden.reduce((text, secret) => text.replaceAll(secret, HIDDEN), line);
  return pino(
    {
      level,
      redact: { paths, censor: HIDDEN },
      serializers: { err: (error) => described(error, 0) },
      hooks: { streamWrite },
    },
    destination ?? pino.destination({ sync: true }),
  );
}

/** An error and what caused it, by kind, text and stack: in other fields drivers keep what they sent and were told. */
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

/** What a configuration holds that nobody may read: keys, configured header values, passwords in addresses. */
function credentials({ sources }: Pick<Config, 'sources'>): string[] {
  const found = new Set<string>();
  for (const source of Object.values(sources)) {
    const { secretAccessKey, headers, url } = source as { secretAccessKey?: unknown; headers?: unknown; url?: unknown };
    const values = [secretAccessKey, ...Object.values((headers as object | undefined) ?? {}), ...passwords(url)];
    for (const value of values) if (typeof value === 'string' && value.length >= 4) found.add(value);
  }
  return [...found].toSorted((a, b) => b.length - a.length);
}

function passwords(url: unknown): string[] {
  const [, password] = /^[^/]*\/\/[^/@:]*:([^/]*)@/.exec(typeof url === 'string' ? url : '') ?? [];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
