import type { ComponentChildren } from 'preact';
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
    return (
      <div
        class={`bar bar-${row.kind === 'group' ? 'group' : 'planned'}`}
        style={span(row.place.from, row.place.to, scale.places)}
      />
    );
  const { axis, now } = scale;
  const { told, since } = row;
  if (!told) {
    if ((row.status !== 'running' && row.status !== 'hidden') || since === undefined) return null;
    const until = Math.max(since, row.until ?? now);
    return (
      <>
        <div class={`bar bar-${row.kind === 'group' ? 'group' : row.status}`} style={span(since, until, axis.ms)} />
        {row.status === 'hidden' && (
          <Words at={until} of={axis.ms} edge={edge}>
            hidden
          </Words>
        )}
      </>
    );
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
      <Words at={ended} of={axis.ms} edge={edge}>
        {shapesOf(row).map((shape) => (
          <Mark key={shape} shape={shape} />
        ))}
        {row.status === 'skipped' ? 'skipped' : shownMs(told.ms ?? Math.max(0, ended - queued))}
      </Words>
    </>
  );
}

interface WordsProps {
  readonly at: number;
  readonly of: number;
  readonly edge: number;
  readonly children: ComponentChildren;
}

/** What stands behind the end of a bar; before it where there is no room. */
function Words({ at, of, edge, children }: WordsProps) {
  return (
    <span class={`marks ${at / of > edge ? 'marks-before' : ''}`} style={{ left: span(at, at, of).left }}>
      {children}
    </span>
  );
}
