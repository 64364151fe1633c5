import { useRowsInView } from '../page/rows-in-view.ts';
import { onTreeKey } from '../page/tree-keys.ts';
import { Arrows } from './arrows.tsx';
import { axisOf } from './axis.ts';
import { Bars, type Scale } from './bars.tsx';
import type { Row } from './model.ts';
import { Ruler } from './ruler.tsx';
import { sentence } from './words.ts';

/** The height of a row, in pixels. */
const ROW = 28;

/** What the words behind a bar need, in pixels. */
const WORDS = 76;

interface PictureProps {
  readonly rows: readonly Row[];
  /** How far it is, and when the last that is known of ended, in milliseconds; nothing before it has run. */
  readonly time: { readonly now: number; readonly last: number } | undefined;
  readonly deadlineMs: number | undefined;
  /** How long reading and planning the batch took, where that is known. */
  readonly plannedMs: number | undefined;
  readonly active: string | undefined;
  readonly activate: (path: string | undefined) => void;
  readonly fold: (path: string) => void;
}

/** The rows, of which those that can be seen are drawn, with the axis above them. */
export function Picture({ rows, time, deadlineMs, plannedMs, active, activate, fold }: PictureProps) {
  const { box, first, last, width, show } = useRowsInView(rows.length, ROW);
  const at = rows.findIndex(({ path }) => path === active);
  const row = rows[at];
  const label = Math.round(Math.max(104, Math.min(250, width * 0.34)));
  const track = Math.max(60, width - label - 16);
  const edge = 1 - WORDS / track;
  const scale: Scale = time
    ? { axis: axisOf(time.last, deadlineMs, Math.min(0.82, edge)), now: time.now }
    : { places: Math.max(1, ...rows.map(({ place }) => place.to)) };
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
  return (
    <>
      <Ruler scale={scale} label={label} width={track} deadlineMs={deadlineMs} />
      <div
        class="rows"
        ref={box}
        role="tree"
        tabIndex={0}
        aria-label="Queries, from top to bottom"
        aria-activedescendant={row ? `row-${at}` : undefined}
        onKeyDown={(event) =>
          onTreeKey(event, {
            at,
            count: rows.length,
            isOpen: row?.isOpen,
            parent: () => rows.findIndex(({ path }) => path === parentOf(row)),
            move,
            act: () => row?.isOpen !== undefined && fold(row.path),
          })
        }
        onFocus={() => !row && move(0)}
        onMouseLeave={() => activate(undefined)}
      >
        <div class="rows-inner" style={{ height: `${rows.length * ROW}px` }} role="presentation">
          {'axis' in scale && plannedMs !== undefined && (
            <div class="planning" style={{ left: `${label}px`, width: `${(plannedMs / scale.axis.ms) * track}px` }} />
          )}
          {'axis' in scale && scale.axis.deadline !== undefined && (
            <div class="deadline" style={{ left: `${label + (scale.axis.deadline / scale.axis.ms) * track}px` }} />
          )}
          {rows.slice(first, Math.max(last, first)).map((one, offset) => (
            <RowView
              key={one.path}
              row={one}
              index={first + offset}
              label={label}
              edge={edge}
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

interface RowProps extends Pick<PictureProps, 'activate' | 'fold'> {
  readonly scale: Scale;
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
        {row.isOpen === false ? (
          <span class="row-folded">{`${row.members} folded`}</span>
        ) : (
          <span class="row-detail">{row.detail}</span>
        )}
      </div>
      <div class="track" aria-hidden="true">
        <Bars row={row} scale={scale} edge={edge} />
      </div>
    </div>
  );
}
