/** What every source's configuration says beside its adapter's own fields, with defaults filled in. */
export interface SourceOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** The operations allowed; all of the adapter's if left out. */
  readonly ops?: readonly string[] | undefined;
  /** Bytes, decoded, that one gathered answer may have. */
  readonly maxBytes: number;
  /** How long, in milliseconds, a list or body that flows may pause: limits.streamIdleMs. */
  readonly streamIdleMs: number;
  /** Whether what is in it may be told. */
  readonly describe: boolean;
}
