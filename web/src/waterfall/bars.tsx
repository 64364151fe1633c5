import type { Axis } from './axis.ts';
import type { Row } from './model.ts';
import { Mark, shapesOf } from './shapes.tsx';
import { shownMs } from './axis.ts';

/** How a row is drawn: by time, or, before anything has run, by its place in the order of waiting. */
export type Scale = { readonly axis: Axis; readonly now: number } | { readonly places: number };

const span = (from: number, to: number, of: number) => ({
  left: `${Math.min(100, (from / of) * 100)}%`,
  width: `${Math.max(0, Math.min(100, (to / of) * 100) - Math.min(100, (from / of) * 100))}%`,
});

/** What happened in a row, as bars from left to right. */
export function Bars({ row, scale, edge }: { row: Row; scale: Scale; edge: number }) {
  if ('places' in scale)
    return <div class="bar bar-planned" style={span(row.place.from, row.place.to, scale.places)} />;
  const { axis, now } = scale;
  const { told, since } = row;
  if (!told) {
    const isOpen = row.status === 'running' || row.status === 'hidden';
    return isOpen && since !== undefined ? (
      <div class={`bar bar-${row.status}`} style={span(since, Math.max(since, row.until ?? now), axis.ms)} />
    ) : null;
  }
  const { queued = told.ended ?? 0, started, ended = now, attempts = [] } = told;
  const first = attempts.find(({ hedge }) => !hedge);
  return (
    <>
      {row.kind !== 'query' ? (
        <div class={`bar bar-group is-${row.status}`} style={span(queued, ended, axis.ms)} />
      ) : (
        <div class="bar bar-wait" style={span(queued, started ?? ended, axis.ms)} />
      )}
      {row.kind === 'query' && started !== undefined && (
        <div
          class={`bar bar-rest is-${row.status}`}
          style={span(Math.max(started, ...attempts.map((attempt) => attempt.ended ?? ended)), ended, axis.ms)}
        />
      )}
      {attempts.map((attempt, index) => {
        const kind = attempt.hedge ? 'hedge' : attempt === first ? 'call' : 'retry';
        const status = attempt.code === undefined ? 'ok' : attempt.code === 'CANCELLED' ? 'cancelled' : 'error';
        return (
          <div
            key={index}
            class={`bar bar-${kind} is-${status}`}
            style={span(attempt.started, attempt.ended ?? ended, axis.ms)}
          />
        );
      })}
      <span
        class={`marks ${ended / axis.ms > edge ? 'marks-before' : ''}`}
        style={{ left: span(ended, ended, axis.ms).left }}
      >
        {shapesOf(row).map((shape) => (
          <Mark key={shape} shape={shape} />
        ))}
        <span class="took">{row.status === 'skipped' ? 'skipped' : shownMs(Math.max(0, ended - queued))}</span>
      </span>
    </>
  );
}
