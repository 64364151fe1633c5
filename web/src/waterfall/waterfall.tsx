import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Session } from '../session/session.ts';
import { shownMs } from './axis.ts';
import type { Told } from './model.ts';
import { Picture } from './picture.tsx';
import { rowsOf } from './rows.ts';
import { Legend } from './shapes.tsx';
import { WaterfallTable } from './table.tsx';

const NOTHING: ReadonlyMap<string, Told> = new Map();

/** What a batch will do, what it is doing, or what it has done: a row for each query. */
export function Waterfall({ session }: { session: Session }) {
  const run = session.shows === 'run' ? session.run : undefined;
  const [turned, turn] = useState<ReadonlySet<string>>(new Set());
  const [active, activate] = useState<string>();
  const [isTable, setTable] = useState(false);
  const section = useRef<HTMLElement>(null);
  useTicking(run !== undefined && run.over === undefined);
  // Where all does not fit on the screen, what was asked for comes into sight.
  useEffect(() => {
    if (session.run) section.current?.scrollIntoView({ block: 'nearest' });
  }, [session.run]);
  const state = run ? (run.over === undefined ? 'running' : run.end ? 'ended' : 'cut') : 'planned';
  const plan = (run?.plan ?? session.explaining.plan)?.root;
  const rows = rowsOf({ plan, told: run?.told ?? NOTHING, state, turned });
  const now = run?.elapsed() ?? 0;
  const last = Math.max(now, ...rows.map(({ told }) => told?.ended ?? 0));
  const fold = (path: string): void => {
    const next = new Set(turned);
    if (!next.delete(path)) next.add(path);
    turn(next);
  };
  return (
    <section ref={section} class="panel waterfall" aria-labelledby="waterfall-title">
      <header class="panel-head">
        <h2 id="waterfall-title">{run ? 'Waterfall' : 'Plan'}</h2>
        <Summary session={session} />
        <div class="segmented" role="group" aria-label="How it is shown">
          {session.run && (
            <button type="button" aria-pressed={session.shows === 'plan'} onClick={() => toggleShown(session)}>
              Plan
            </button>
          )}
          <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            Table
          </button>
        </div>
      </header>
      {rows.length === 0 ? (
        <p class="empty">
          {session.explaining.faults.length > 0
            ? 'The plan stands here once the batch is right.'
            : 'Nothing to show yet.'}
        </p>
      ) : isTable ? (
        <WaterfallTable rows={rows} />
      ) : (
        <Picture
          rows={rows}
          time={run && { last, now }}
          deadlineMs={plan?.timeoutMs}
          plannedMs={run?.end?.trace?.plannedMs}
          active={active}
          activate={activate}
          fold={fold}
        />
      )}
      <Legend />
    </section>
  );
}

function toggleShown(session: Session): void {
  session.shows = session.shows === 'plan' ? 'run' : 'plan';
  session.changed();
}

/** Draws again with each frame of the screen while something runs. */
function useTicking(isTicking: boolean): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!isTicking) return undefined;
    let frame = requestAnimationFrame(function tick() {
      again(undefined);
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [isTicking]);
}

function Summary({ session: { run, shows, explaining } }: { session: Session }) {
  if (shows === 'plan' || !run) {
    const calls = (explaining.plan?.root as { calls?: { least: number; most: number } } | undefined)?.calls;
    if (!calls) return <p class="summary" />;
    const count = calls.least === calls.most ? String(calls.most) : `${calls.least} to ${calls.most}`;
    return <p class="summary">{`${count} ${count === '1' ? 'call' : 'calls'}, drawn in the order of waiting`}</p>;
  }
  const counts = Object.entries(run.end?.counts ?? {}).filter(([, count]) => count > 0);
  const words = counts.map(([name, count]) => `${count} ${name === 'error' ? 'failed' : name}`);
  const planned = run.end?.trace?.plannedMs;
  const times = [
    ...(run.end ? [shownMs(run.elapsed())] : []),
    ...(planned === undefined ? [] : [`planned in ${shownMs(planned)}`]),
  ];
  return <p class="summary">{[...times, ...words].join(' · ')}</p>;
}
