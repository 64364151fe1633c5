import type { Row } from './model.ts';
import type { Scale } from './bars.tsx';

/** Where the rows are drawn. */
interface Drawn {
  readonly rows: readonly Row[];
  readonly active: Row | undefined;
  readonly scale: Scale;
  readonly rowHeight: number;
  /** Where the track begins and ends, in pixels. */
  readonly left: number;
  readonly width: number;
}

/** Arrows from what a row waits for to it, and from it to what waits for it. */
export function Arrows({ rows, active, scale, rowHeight, left, width }: Drawn) {
  if (!active) return null;
  const at = new Map(rows.map((row, index) => [row.path, index]));
  const of = 'places' in scale ? scale.places : scale.axis.ms;
  const x = (value: number): number => left + Math.min(1, value / of) * width;
  const ends = (row: Row): number => x('places' in scale ? row.place.to : (row.told?.ended ?? row.since ?? 0));
  const begins = (row: Row): number => x('places' in scale ? row.place.from : (row.told?.queued ?? row.since ?? 0));
  const pairs = rows.flatMap((row) =>
    row === active
      ? row.dependsOn.map((path) => [path, row.path] as const)
      : row.dependsOn.filter((path) => path === active.path).map((path) => [path, row.path] as const),
  );
  return (
    <svg class="arrows" width={left + width} height={rows.length * rowHeight} aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0 8 4 0 8Z" fill="currentColor" />
        </marker>
      </defs>
      {pairs.map(([from, to]) => {
        const [one, other] = [at.get(from), at.get(to)];
        if (one === undefined || other === undefined) return null;
        const [x1, y1] = [ends(rows[one]!), (one + 0.5) * rowHeight];
        const [x2, y2] = [begins(rows[other]!), (other + 0.5) * rowHeight];
        const bend = Math.max(12, Math.abs(x2 - x1) / 2);
        return (
          <path
            key={`${from} ${to}`}
            d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
            marker-end="url(#arrow)"
          />
        );
      })}
    </svg>
  );
}
