import { type Cut, pretty } from '../json/pretty.ts';
import { segmentsOf } from '../json/pointer.ts';
import { membersOf } from '../json/ranges.ts';
import type { Frame, Trace } from './node.ts';

/** A reply, as far as frames have told of it. */
interface Branch {
  line?: string;
  /** The number of its line. */
  closed: number;
  readonly members: Map<string, Branch>;
  /** What has come of its list, item by item. */
  readonly items: string[];
}

/** How the plan lists what stands in a reply. */
interface Place {
  readonly pattern?: string | undefined;
  readonly isEach: boolean;
  readonly isHidden: boolean;
  /** In the order asked. */
  readonly queries: ReadonlyMap<string, Place>;
}

/** What the plan does not tell of is shown by the names that frames have. */
const UNTOLD: Place = { isEach: false, isHidden: false, queries: new Map() };

/**
 * The answer that frames make up, as `application/json` would show it, of at most so many characters;
 * without traces. Values stand there as they came. The plan is the JSON that `?explain` answers, where keys
 * have their order, or as much of it as is known.
 */
export function wholeText(lines: readonly string[], plan: string, most: number): Cut {
  const root = newBranch();
  let end = '{"complete":false}';
  for (const [closed, line] of lines.entries()) {
    const { event, path, value } = headOf(line);
    if (event === 'end') end = line;
    else if (event === 'item') branchAt(root, path).items.push(value);
    else Object.assign(branchAt(root, path), { line, closed });
  }
  const place = placeAt(plan, 0);
  const parts = partsOf(end, 0).filter((part) => /^"(?:complete|error)":/.test(part));
  parts.push(`"results":${membersText(root, place)}`);
  const cancelled = cancelledIn(end, place);
  if (cancelled > 0) parts.push(`"cancelled":${cancelled}`);
  return pretty(`{${parts.join(',')}}`, 0, most);
}

function headOf(line: string): { event: string; path: string; value: string } {
  const head = { event: '', path: '', value: 'null' };
  for (const { key, from, to } of membersOf(line, 0)) {
    if (key === 'value') return { ...head, value: line.slice(from, to) };
    if (key === 'event' || key === 'path') head[key] = JSON.parse(line.slice(from, to)) as string;
  }
  return head;
}

/**
 * How many at the top were not waited for: the last frame counts those of all depths, its trace names them,
 * beside who is hidden.
 */
function cancelledIn(end: string, { pattern, queries }: Place): number {
  const { trace } = JSON.parse(end) as Pick<Frame, 'trace'>;
  const unlisted = (trace?.members ?? []) as readonly { readonly path: string; readonly code?: string }[];
  return unlisted.filter(({ path, code }) => {
    const [name = '', ...deeper] = segmentsOf(path);
    // Who has no code was not yet asked: a race alone ends before. Of hidden ones the plan may be unknown.
    const isLeft = code === 'CANCELLED' || (pattern === 'first-reply' && !queries.get(name)?.isHidden);
    return deeper.length === 0 && isLeft;
  }).length;
}

const newBranch = (): Branch => ({ closed: Infinity, members: new Map(), items: [] });

function branchAt(root: Branch, path: string): Branch {
  let branch = root;
  for (const segment of segmentsOf(path)) {
    const next = branch.members.get(segment) ?? newBranch();
    branch.members.set(segment, next);
    branch = next;
  }
  return branch;
}

function placeAt(plan: string, at: number): Place {
  const fields = new Map(Array.from(membersOf(plan, at), ({ key, from, to }) => [key, { from, to }]));
  const { from, to } = fields.get('pattern') ?? {};
  const queries = membersOf(plan, fields.get('queries')?.from ?? plan.length);
  return {
    pattern: from === undefined ? undefined : (JSON.parse(plan.slice(from, to)) as string),
    isEach: fields.has('forEach'),
    isHidden: plan.startsWith('true', fields.get('hidden')?.from ?? plan.length),
    queries: new Map(Array.from(queries, ({ key, from }) => [String(key), placeAt(plan, from)])),
  };
}

/** What stands in a group or forEach, or in the whole. */
function membersText({ members }: Branch, place: Place): string {
  const { isEach, pattern, queries } = place;
  const isKeyed = !isEach && (pattern === undefined ? !areIndexes(members) : pattern === 'kv');
  const texts = inOrder(members, place).map(([name, member]) => {
    const inside = isEach ? { ...place, isEach: false } : (queries.get(name) ?? UNTOLD);
    const parts = replyParts(member, inside);
    if (!isKeyed) return `{${[`"index":${name}`, ...parts].join(',')}}`;
    // What `as` names it is told of in lists alone.
    return `${JSON.stringify(name)}:{${parts.filter((part) => !part.startsWith('"as":')).join(',')}}`;
  });
  return isKeyed ? `{${texts.join(',')}}` : `[${texts.join(',')}]`;
}

/** Names of which a list is likely, where the plan does not tell. */
function areIndexes(members: Branch['members']): boolean {
  return members.size > 0 && [...members.keys()].every((name) => /^\d+$/.test(name));
}

/** Lists by index, under first-reply by arrival, and keys in the order asked. */
function inOrder(members: Branch['members'], { isEach, pattern, queries }: Place): [string, Branch][] {
  const entries = [...members];
  if (isEach || pattern === 'ordered' || (pattern === undefined && areIndexes(members)))
    return entries.toSorted(([one], [other]) => Number(one) - Number(other));
  if (pattern === 'first-reply') {
    const arrived = entries.map((entry) => ({ entry, ended: endedIn(entry[1].line), closed: entry[1].closed }));
    return arrived
      .toSorted((one, other) => one.ended - other.ended || one.closed - other.closed)
      .map(({ entry }) => entry);
  }
  const places = new Map(Array.from(queries.keys(), (name, at) => [name, at]));
  return entries.toSorted(([one], [other]) => (places.get(one) ?? Infinity) - (places.get(other) ?? Infinity));
}

/** When a reply came to be, by its trace: a race that was over before it was told of is told of by index. */
function endedIn(line = ''): number {
  const trace = membersOf(line, 0).find(({ key }) => key === 'trace');
  return (trace && (JSON.parse(line.slice(trace.from, trace.to)) as Trace).ended) ?? Infinity;
}

function replyParts(branch: Branch, place: Place): string[] {
  const { line, members, items } = branch;
  const replies = (): string => `"replies":${membersText(branch, place)}`;
  const value = `"value":[${items.join(',')}]`;
  if (line === undefined) return [...(items.length > 0 ? [value] : []), ...(members.size > 0 ? [replies()] : [])];
  const parts = partsOf(line, 0);
  const isFailed = parts.includes('"status":"error"');
  return parts.flatMap((part) => {
    if (part.startsWith('"count":')) return [replies()];
    // Of a list that broke off JSON has nothing.
    if (part.startsWith('"items":')) return isFailed ? [] : [value];
    return [part];
  });
}

/** The fields of a reply, without what a frame alone says, also of those that stand whole in it. */
function partsOf(line: string, at: number): string[] {
  return Array.from(membersOf(line, at))
    .filter(({ key }) => key !== 'event' && key !== 'path' && key !== 'trace')
    .map(({ key, from, to }) => {
      const text = key === 'replies' ? untraced(line, from) : line.slice(from, to);
      return `${JSON.stringify(key)}:${text}`;
    });
}

function untraced(line: string, at: number): string {
  const isList = line[at] === '[';
  const texts = Array.from(membersOf(line, at), ({ key, from }) => {
    const reply = `{${partsOf(line, from).join(',')}}`;
    return isList ? reply : `${JSON.stringify(key)}:${reply}`;
  });
  return isList ? `[${texts.join(',')}]` : `{${texts.join(',')}}`;
}
