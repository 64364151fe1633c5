import type { Row } from './model.ts';
import { furtherCalls } from './words.ts';

/** What is marked by a shape of its own, so that colour is not needed to tell them apart. */
export type Shape =
  | 'retry'
  | 'hedge'
  | 'hit'
  | 'stale'
  | 'coalesced'
  | 'merged'
  | 'winner'
  | 'default'
  | 'error'
  | 'cancelled'
  | 'skipped';

const PATHS: Readonly<Record<Shape, string>> = {
  retry: 'M9.6 8.4A4.3 4.3 0 1 1 9.8 4 M10.4 .8V4.2H7',
  hedge: 'M1 6H4.5 M11 2.5H7.5L4.5 6 7.5 9.5H11',
  hit: 'M6 1 11 6 6 11 1 6Z',
  stale: 'M6 1 11 6 6 11 1 6Z M6 1V11L1 6Z',
  coalesced: 'M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Z',
  merged: 'M1 2H11L6 11Z',
  winner: 'M6 .8 7.5 4.3 11.3 4.6 8.4 7.1 9.3 10.8 6 8.8 2.7 10.8 3.6 7.1 .7 4.6 4.5 4.3Z',
  cancelled: 'M2 2 10 10 M10 2 2 10',
  error: 'M5 1H7V7H5Z M5 9H7V11H5Z',
  skipped: 'M1 6H4 M8 6H11',
  default: 'M2 6H10 M6 2V10',
};

const DRAWN: ReadonlySet<Shape> = new Set(['retry', 'hedge', 'stale', 'coalesced', 'cancelled', 'skipped', 'default']);

/** A small shape beside a bar, or in the legend. */
export function Mark({ shape }: { shape: Shape }) {
  return (
    <svg class={`mark mark-${shape}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path
        d={PATHS[shape]}
        fill={DRAWN.has(shape) ? 'none' : 'currentColor'}
        stroke={DRAWN.has(shape) ? 'currentColor' : 'none'}
        stroke-width="1.6"
      />
    </svg>
  );
}

/** The shapes that a row is marked by. */
export function shapesOf({ told, status, isWinner }: Row): Shape[] {
  const { retries, hedges } = furtherCalls(told);
  return [
    ...(retries > 0 ? (['retry'] as const) : []),
    ...(hedges > 0 ? (['hedge'] as const) : []),
    ...(isWinner ? (['winner'] as const) : []),
    ...(told?.cache === 'hit' || told?.cache === 'stale' ? [told.cache] : []),
    ...(told?.shared ? [told.shared] : []),
    ...(told?.defaulted ? (['default'] as const) : []),
    ...(status === 'cancelled' || status === 'error' || status === 'skipped' ? [status] : []),
  ];
}

/** What bars and shapes mean: bars by the ends of their class names. */
const LEGEND: readonly { readonly meaning: string; readonly bar?: string; readonly shape?: Shape }[] = [
  { meaning: 'planned', bar: 'planned' },
  { meaning: 'reading and planning', bar: 'planning' },
  { meaning: 'waiting', bar: 'wait' },
  { meaning: 'call', bar: 'call' },
  { meaning: "another's call, or what follows a call", bar: 'rest' },
  { meaning: 'retry', bar: 'retry', shape: 'retry' },
  { meaning: 'hedge', bar: 'hedge', shape: 'hedge' },
  { meaning: 'failed', bar: 'call is-error', shape: 'error' },
  { meaning: 'cancelled', bar: 'call is-cancelled', shape: 'cancelled' },
  { meaning: 'group', bar: 'group' },
  { meaning: 'hidden, to be told of at the end', bar: 'hidden' },
  { meaning: 'cache hit', shape: 'hit' },
  { meaning: 'stale', shape: 'stale' },
  { meaning: 'coalesced', shape: 'coalesced' },
  { meaning: 'merged', shape: 'merged' },
  { meaning: 'winner', shape: 'winner' },
  { meaning: 'default', shape: 'default' },
  { meaning: 'skipped', shape: 'skipped' },
];

/** What the shapes mean. */
export function Legend() {
  return (
    <details class="legend">
      <summary>What the shapes mean</summary>
      <ul>
        {LEGEND.map(({ meaning, bar, shape }) => (
          <li key={meaning}>
            {bar !== undefined && (
              <span class="swatch">
                <span class={`bar bar-${bar}`} />
              </span>
            )}
            {shape && <Mark shape={shape} />}
            {meaning}
          </li>
        ))}
      </ul>
    </details>
  );
}
