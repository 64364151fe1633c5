import { pretty } from '../json/pretty.ts';
import { membersOf } from '../json/ranges.ts';
import { download } from './download.ts';
import { Broken, partsOf, problemOf } from './response.ts';
import type { Answer, Ask, Frame, RunEvent, Sending } from './node.ts';
import { frameOf, membersAt, valueAt } from './read-value.ts';
import { wholeText } from './whole.ts';

/** Characters of an answer that are kept; beyond them reading ends. */
const MOST = 256 * 2 ** 20;

/** For how long what has come is gathered before the page is told, in milliseconds. */
const EVERY_MS = 25;

/** The lines of the answer that is shown, by their number, and those of each list that came item by item. */
let lines: string[] = [];
let items = new Map<string, number[]>();
let stopping = new AbortController();

const post = (answer: Answer): void => globalThis.postMessage(answer);

globalThis.addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  if (data.ask === 'members') {
    const { id, line, from, skip, take } = data;
    post({ id, members: membersAt(lines[line] ?? '', line, from, skip, take) });
  } else if (data.ask === 'items') {
    post({ id: data.id, members: itemsOf(data.path, data.skip, data.take) });
  } else if (data.ask === 'text') {
    post({ id: data.id, ...pretty(lines[data.line] ?? '', data.from, data.most) });
  } else if (data.ask === 'whole') {
    post({ id: data.id, ...wholeText(lines, data.plan, data.most) });
  } else {
    stopping.abort();
    if (data.ask === 'stop') return;
    stopping = new AbortController();
    const { run, sending } = data;
    const { signal } = stopping;
    const say = (said: RunEvent): void => post({ run, said });
    const going = data.ask === 'run' ? read(sending, signal, say) : download(sending, signal, say);
    void going.catch((error: unknown) => {
      if (signal.aborted) say({ event: 'over', why: 'stopped' });
      else if (error instanceof Broken) say({ event: 'over', why: 'cut' });
      else say({ event: 'over', why: 'unreachable' });
    });
  }
});

async function read(sending: Sending, signal: AbortSignal, say: (said: RunEvent) => void): Promise<void> {
  const { url, headers, body } = sending;
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  lines = [];
  items = new Map();
  if (!response.headers.get('content-type')?.startsWith('application/x-ndjson')) {
    say({ event: 'problem', problem: await problemOf(response) });
    return;
  }
  let waiting: Frame[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let size = 0;
  let hasEnded = false;
  const tell = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length > 0 || items.size > 0) {
      say({ event: 'frames', frames: waiting, items: new Map(Array.from(items, ([path, all]) => [path, all.length])) });
    }
    waiting = [];
  };
  try {
    for await (const line of linesOf(response)) {
      size += line.length;
      const number = lines.push(line) - 1;
      const frame = frameOf(line, number);
      if (frame.event === 'item') listOf(frame.path).push(number);
      else waiting.push(frame);
      hasEnded ||= frame.event === 'end';
      timer ??= setTimeout(tell, EVERY_MS);
      if (size > MOST) {
        tell();
        stopping.abort();
        return say({ event: 'over', why: 'full' });
      }
    }
  } catch (error) {
    tell();
    throw signal.aborted ? error : new Broken();
  }
  tell();
  say({ event: 'over', why: hasEnded ? 'end' : 'cut' });
}

/** The lines of the items that came for a path. */
function listOf(path: string): number[] {
  const list = items.get(path) ?? [];
  items.set(path, list);
  return list;
}

function itemsOf(path: string, skip: number, take: number): { key: number; value: ReturnType<typeof valueAt> }[] {
  const found = (items.get(path) ?? []).slice(skip, skip + take);
  return found.map((line, index) => {
    const text = lines[line] ?? '';
    const value = membersOf(text, 0).find(({ key }) => key === 'value');
    return { key: skip + index, value: valueAt(text, line, value?.from ?? 0) };
  });
}

async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
  if (!response.body) return;
  let parts: string[] = [];
  for await (const text of partsOf(response.body.pipeThrough(new TextDecoderStream()))) {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; from = at + 1, at = text.indexOf('\n', from)) {
      yield parts.join('') + text.slice(from, at);
      parts = [];
    }
    if (from < text.length) parts.push(text.slice(from));
  }
}
