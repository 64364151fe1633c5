import type { Frame } from './flow.ts';
import type { Body } from './service.ts';

interface Entry {
  fields: Record<string, unknown>;
  /** What has arrived below, by step, in order of arrival. */
  below: Map<string, Entry>;
}

/**
 * Puts the frames of a batch together to the JSON answer they stand for, without its times; `keyed` for /kv.
 */
export function assemble(frames: readonly Frame[], keyed: boolean, end: Frame): Body {
  const root: Entry = { fields: {}, below: new Map() };
  for (const { event, path, ...fields } of frames) {
    if (event !== 'reply') continue;
    let entry = root;
    for (const step of stepsOf(String(path))) {
      const next = entry.below.get(step) ?? { fields: {}, below: new Map() };
      entry.below.set(step, next);
      entry = next;
    }
    entry.fields = fields;
  }
  const counts = end['counts'] as { cancelled: number };
  const answer = { complete: end['complete'], results: replies(root, keyed) };
  return timeless(counts.cancelled > 0 ? { ...answer, cancelled: counts.cancelled } : answer);
}

/** A JSON answer as frames can tell it: without times, and whether a group without members is keyed. */
export function timeless(answer: Body): Body {
  return JSON.parse(JSON.stringify(answer), (key, value: Body) => {
    if (key === 'replies' && Object.keys(value).length === 0) return [];
    return key === 'ms' && typeof value === 'number' ? undefined : value;
  });
}

function replies({ below }: Entry, keyed: boolean): unknown {
  const object = Object.create(null) as Record<string, object>;
  const list: object[] = [];
  for (const [step, entry] of below) {
    const { count, ...fields } = entry.fields;
    const reply = count === undefined ? fields : { ...fields, replies: repliesBelow(entry) };
    if (keyed) object[step] = reply;
    else list.push({ index: Number(step), ...reply });
  }
  return keyed ? object : list;
}

/** Below the top no list of a first-reply is looked at: the others stand in the order asked. */
function repliesBelow({ fields, below }: Entry): unknown {
  const numbered = [...below.keys()].every((step) => /^\d+$/.test(step));
  const sorted = numbered ? [...below].toSorted(([one], [other]) => Number(one) - Number(other)) : [...below];
  return replies({ fields, below: new Map(sorted) }, !numbered);
}

function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
