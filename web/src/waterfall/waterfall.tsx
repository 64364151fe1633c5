import { useEffect, useReducer, useState } from 'preact/hooks';
import { useRowsInView } from '../page/rows-in-view.ts';
import type { Session } from '../session/session.ts';
import { Arrows } from './arrows.tsx';
import { axisOf, shownMs } from './axis.ts';
import { Bars, type Scale } from './bars.tsx';
import type { Row, Told } from './model.ts';
import { rowsOf } from './rows.ts';
import { Legend } from './shapes.tsx';
import { WaterfallTable } from './table.tsx';
import { sentence } from './words.ts';

const ROW = 28;
const NOTHING: ReadonlyMap<string, Told> = new Map();

/** What a batch will do, what it is doing, or what it has done: a row for each query. */
export function Waterfall({ session }: { session: Session }) {
  const run = session.shows === 'run' ? session.run : undefined;
  const [turned, turn] = useState<ReadonlySet<string>>(new Set());
  const [active, activate] = useState<string>();
  const [isTable, setTable] = useState(false);
  useTicking(run !== undefined && run.over === undefined);
  const state = run ? (run.over === undefined ? 'running' : 'ended') : 'planned';
  const plan = run?.plan ?? session.plan;
  const rows = rowsOf({ plan, told: run?.told ?? NOTHING, state, turned });
  const now = run?.elapsed() ?? 0;
  const last = Math.max(now, ...rows.map(({ told }) => told?.ended ?? 0));
  const axis = axisOf(last, plan?.timeoutMs);
  const scale: Scale = run ? { axis, now } : { places: Math.max(1, ...rows.map(({ place }) => place.to)) };
  const fold = (path: string): void => {
    const next = new Set(turned);
    if (!next.delete(path)) next.add(path);
    turn(next);
  };
  return (
    <section class="panel waterfall" aria-labelledby="waterfall-title">
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
          {session.faults.length > 0 ? 'The plan stands here once the batch is right.' : 'Nothing to show yet.'}
        </p>
      ) : isTable ? (
        <WaterfallTable rows={rows} />
      ) : (
        <Picture
          rows={rows}
          scale={scale}
          plannedMs={plan?.timeoutMs}
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

function Summary({ session: { run, shows, plan } }: { session: Session }) {
  if (shows === 'plan' || !run) {
    const calls = (plan as { calls?: { least: number; most: number } } | undefined)?.calls;
    if (!calls) return <p class="summary" />;
    const count = calls.least === calls.most ? String(calls.most) : `${calls.least} to ${calls.most}`;
    return <p class="summary">{`${count} calls, drawn in the order of waiting`}</p>;
  }
  const counts = Object.entries(run.end?.counts ?? {}).filter(([, count]) => count > 0);
  const words = counts.map(([name, count]) => `${count} ${name}`);
  return <p class="summary">{[...(run.end ? [shownMs(run.elapsed())] : []), ...words].join(' · ')}</p>;
}

interface PictureProps {
  readonly rows: readonly Row[];
  readonly scale: Scale;
  readonly plannedMs: number | undefined;
  readonly active: string | undefined;
  readonly activate: (path: string | undefined) => void;
  readonly fold: (path: string) => void;
}

function Picture({ rows, scale, plannedMs, active, activate, fold }: PictureProps) {
  const { box, first, last, width, show } = useRowsInView(rows.length, ROW);
  const at = rows.findIndex(({ path }) => path === active);
  const row = rows[at];
  const label = Math.round(Math.max(104, Math.min(250, width * 0.34)));
  const track = Math.max(60, width - label - 16);
  const near = new Set([
    ...(row?.dependsOn ?? []),
    ...rows.filter((one) => row && one.dependsOn.includes(row.path)).map(({ path }) => path),
  ]);
  const move = (index: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (!next) return;
    activate(next.path);
    show(rows.indexOf(next));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at < 0 ? 0 : at - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      PageDown: () => move(at + 10),
      PageUp: () => move(at - 10),
      ArrowRight: () => row?.isOpen === false && fold(row.path),
      ArrowLeft: () => (row?.isOpen ? fold(row.path) : move(rows.findIndex(({ path }) => path === parentOf(row)))),
      Enter: () => row?.isOpen !== undefined && fold(row.path),
    };
    const step = event.ctrlKey || event.metaKey ? undefined : steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  return (
    <>
      <Ruler scale={scale} label={label} width={track} plannedMs={plannedMs} />
      <div
        class="rows"
        ref={box}
        role="tree"
        tabIndex={0}
        aria-label="Queries, from top to bottom"
        aria-activedescendant={row ? `row-${at}` : undefined}
        onKeyDown={onKeyDown}
        onFocus={() => !row && move(0)}
        onMouseLeave={() => activate(undefined)}
      >
        <div class="rows-inner" style={{ height: `${rows.length * ROW}px` }} role="presentation">
          {'axis' in scale && scale.axis.deadline !== undefined && (
            <div class="deadline" style={{ left: `${label + (scale.axis.deadline / scale.axis.ms) * track}px` }} />
          )}
          {rows.slice(first, Math.max(last, first)).map((one, offset) => (
            <RowView
              key={one.path}
              row={one}
              index={first + offset}
              label={label}
              edge={1 - 70 / track}
              scale={scale}
              mood={one.path === active ? 'active' : near.has(one.path) ? 'near' : row && near.size > 0 ? 'far' : ''}
              activate={activate}
              fold={fold}
            />
          ))}
          <Arrows rows={rows} active={row} scale={scale} rowHeight={ROW} left={label} width={track} />
        </div>
      </div>
    </>
  );
}

const parentOf = (row: Row | undefined): string => row?.path.slice(0, row.path.lastIndexOf('/')) ?? '';

interface RowProps extends Pick<PictureProps, 'scale' | 'activate' | 'fold'> {
  readonly row: Row;
  readonly index: number;
  readonly label: number;
  /** From which part of the track on there is no room for words behind a bar. */
  readonly edge: number;
  readonly mood: string;
}

function RowView({ row, index, label, edge, scale, mood, activate, fold }: RowProps) {
  return (
    <div
      id={`row-${index}`}
      class={`row is-${row.status} ${mood && `row-${mood}`}`}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={row.isOpen}
      aria-selected={mood === 'active'}
      style={{ top: `${index * ROW}px` }}
      onMouseEnter={() => activate(row.path)}
      onClick={() => row.isOpen !== undefined && fold(row.path)}
    >
      <span class="unseen">{sentence(row)}</span>
      <div
        class="row-label"
        aria-hidden="true"
        style={{ width: `${label}px`, paddingLeft: `${10 + Math.min(row.depth, 6) * 12}px` }}
      >
        <span class="twist">{row.isOpen === undefined ? '' : row.isOpen ? '▾' : '▸'}</span>
        <span class="row-name">{row.label}</span>
        <span class="row-detail">{row.isOpen === false ? `${row.members} folded` : row.detail}</span>
      </div>
      <div class="track" aria-hidden="true">
        <Bars row={row} scale={scale} edge={edge} />
      </div>
    </div>
  );
}

interface RulerProps extends Pick<PictureProps, 'scale' | 'plannedMs'> {
  readonly label: number;
  readonly width: number;
}

/** What a tick's words need, in pixels. */
const TICK = 54;

function Ruler({ scale, label, width, plannedMs }: RulerProps) {
  const axis = 'axis' in scale ? scale.axis : undefined;
  const every = axis ? Math.ceil((TICK * axis.ticks.length) / width) : 1;
  const ticks =
    axis?.ticks.filter((ms, index) => index % every === 0 && ms < axis.ms * (1 - (TICK - 10) / width)) ?? [];
  const place = (ms: number) => ({ left: `${(ms / (axis?.ms ?? 1)) * 100}%` });
  return (
    <div class="ruler" aria-hidden="true">
      <span class="ruler-label" style={{ width: `${label}px` }}>
        {plannedMs !== undefined && `deadline ${shownMs(plannedMs)}`}
      </span>
      <div class="track">
        {ticks.map((ms) => (
          <span key={ms} class="tick" style={place(ms)}>
            {shownMs(ms)}
          </span>
        ))}
        {axis?.deadline !== undefined && <span class="tick tick-deadline" style={place(axis.deadline)} />}
      </div>
    </div>
  );
}
