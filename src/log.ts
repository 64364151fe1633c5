import pino, { type DestinationStream, type Logger, type LevelWithSilent } from 'pino';
import type { Config } from './config.ts';

/** The levels a log can have, the most talkative first. */
export const LEVELS: readonly LevelWithSilent[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const HIDDEN = '[redacted]';

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
    { level, redact: { paths, censor: HIDDEN }, hooks: { streamWrite } },
    destination ?? pino.destination({ sync: true }),
  );
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
