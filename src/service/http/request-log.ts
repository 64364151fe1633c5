import type { FastifyBaseLogger } from 'fastify';

type Child = Parameters<FastifyBaseLogger['child']>;
type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
type Line = Parameters<FastifyBaseLogger[Level]>;

/**
 * The logger of one request, bound to it once something is logged: of most nothing is, and to bind a logger
 * costs more than to write a line.
 */
export class RequestLog implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger;
  readonly #of: Child;
  #bound: FastifyBaseLogger | undefined;

  /** What is bound, and how, is what `child` of the parent takes. */
  constructor(parent: FastifyBaseLogger, ...of: Child) {
    this.#parent = parent;
    this.#of = of;
  }

  get level(): FastifyBaseLogger['level'] {
    return this.#parent.level;
  }

  child(...of: Child): FastifyBaseLogger {
    return this.#log.child(...of);
  }

  fatal(...line: Line): void {
    this.#write('fatal', line);
  }

  error(...line: Line): void {
    this.#write('error', line);
  }

  warn(...line: Line): void {
    this.#write('warn', line);
  }

  info(...line: Line): void {
    this.#write('info', line);
  }

  debug(...line: Line): void {
    this.#write('debug', line);
  }

  trace(...line: Line): void {
    this.#write('trace', line);
  }

  silent(...line: Line): void {
    this.#write('silent', line);
  }

  get #log(): FastifyBaseLogger {
    return (this.#bound ??= this.#parent.child(...this.#of));
  }

  #write(level: Level, line: Line): void {
    this.#log[level](...line);
  }
}
