import type { Row } from './model.ts';

/** What is marked by a shape of its own, so that colour is not needed to tell them apart. */
export type Shape = 'hit' | 'stale' | 'coalesced' | 'merged' | 'winner' | 'cancelled' | 'error' | 'skipped' | 'default';

const PATHS: Readonly<Record<Shape, string>> = {
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

const DRAWN: ReadonlySet<Shape> = new Set(['stale', 'coalesced', 'cancelled', 'skipped', 'default']);

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
  return [
    ...(isWinner ? (['winner'] as const) : []),
    ...(told?.cache === 'hit' || told?.cache === 'stale' ? [told.cache] : []),
    ...(told?.shared ? [told.shared] : []),
    ...(told?.defaulted ? (['default'] as const) : []),
    ...(status === 'cancelled' || status === 'error' || status === 'skipped' ? [status] : []),
  ];
}

const LEGEND: readonly (readonly [Shape | 'wait' | 'call' | 'retry' | 'hedge', string])[] = [
  ['wait', 'waiting'],
  ['call', 'call'],
  ['retry', 'retry'],
  ['hedge', 'hedge'],
  ['hit', 'cache hit'],
  ['stale', 'stale'],
  ['coalesced', 'coalesced'],
  ['merged', 'merged'],
  ['winner', 'winner'],
  ['default', 'default'],
  ['error', 'failed'],
  ['cancelled', 'cancelled'],
  ['skipped', 'skipped'],
];

/** What the shapes mean. */
export function Legend() {
  return (
    <details class="legend">
      <summary>What the shapes mean</summary>
      <ul>
        {LEGEND.map(([shape, meaning]) => (
          <li key={shape}>
            {shape in PATHS ? <Mark shape={shape as Shape} /> : <span class={`swatch bar-${shape}`} />}
            {meaning}
          </li>
        ))}
      </ul>
    </details>
  );
}
