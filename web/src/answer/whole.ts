import { type Cut, pretty } from '../json/pretty.ts';
import { segmentsOf } from '../json/pointer.ts';
import { membersOf } from '../json/ranges.ts';

/** A reply with those that stand in it. */
interface Branch {
  line?: string;
  readonly members: Map<string, Branch>;
}

/** What a frame says that the reply in JSON does not. */
const OF_A_FRAME = new Set(['event', 'path', 'trace', 'count', 'counts']);

/**
 * The answer that frames make up, as `application/json` would show it, of at most so many characters; without
 * traces. Values stand there as they came.
 */
export function wholeText(lines: readonly string[], most: number): Cut {
  const root: Branch = { members: new Map() };
  let end = '{"complete":false}';
  for (const line of lines) {
    const { event, path, index } = headOf(line);
    if (event === 'end') end = line;
    else branchAt(root, index === undefined ? path : `${path}/${index}`).line = line;
  }
  const complete = partsOf(end).filter((part) => /^"(?:complete|error)":/.test(part));
  const text = `{${[...complete, `"results":${membersText(root)}`].join(',')}}`;
  return pretty(text, 0, most);
}

function headOf(line: string): { event: string; path: string; index: number | undefined } {
  const head: Record<string, unknown> = {};
  for (const { key, from, to } of membersOf(line, 0)) {
    if (key === 'value') break;
    head[key] = JSON.parse(line.slice(from, to));
  }
  const isItem = head['event'] === 'item';
  return {
    event: String(head['event']),
    path: typeof head['path'] === 'string' ? head['path'] : '',
    index: isItem ? Number(head['index']) : undefined,
  };
}

function branchAt(root: Branch, path: string): Branch {
  let branch = root;
  for (const segment of segmentsOf(path)) {
    const next: Branch = branch.members.get(segment) ?? { members: new Map() };
    branch.members.set(segment, next);
    branch = next;
  }
  return branch;
}

function replyText(branch: Branch): string {
  const { line, members } = branch;
  const parts = line === undefined ? [] : partsOf(line);
  if (members.size > 0) parts.splice(1, 0, `"replies":${membersText(branch)}`);
  return `{${parts.join(',')}}`;
}

function membersText(branch: Branch): string {
  const entries = [...branch.members];
  const isList = entries.every(([name], index) => name === String(index)) && entries.length > 0;
  const texts = entries.map(([name, member]) => `${isList ? '' : `${JSON.stringify(name)}:`}${replyText(member)}`);
  return isList ? `[${texts.join(',')}]` : `{${texts.join(',')}}`;
}

function partsOf(line: string): string[] {
  return Array.from(membersOf(line, 0))
    .filter(({ key }) => !OF_A_FRAME.has(String(key)))
    .map(({ key, from, to }) => `${JSON.stringify(key)}:${line.slice(from, to)}`);
}
