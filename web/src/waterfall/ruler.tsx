import { shownMs } from './axis.ts';
import type { Scale } from './bars.tsx';

interface RulerProps {
  readonly scale: Scale;
  readonly deadlineMs: number | undefined;
  readonly label: number;
  readonly width: number;
}

/** What a tick's words need, in pixels. */
const TICK = 54;

/** The axis, with the deadline. */
export function Ruler({ scale, label, width, deadlineMs }: RulerProps) {
  const axis = 'axis' in scale ? scale.axis : undefined;
  const every = axis ? Math.ceil((TICK * axis.ticks.length) / width) : 1;
  const ticks =
    axis?.ticks.filter((ms, index) => index % every === 0 && ms < axis.ms * (1 - (TICK - 10) / width)) ?? [];
  const place = (ms: number) => ({ left: `${(ms / (axis?.ms ?? 1)) * 100}%` });
  return (
    <div class="ruler" aria-hidden="true">
      <span class="ruler-label" style={{ width: `${label}px` }}>
        {deadlineMs !== undefined && `deadline ${shownMs(deadlineMs)}`}
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
