import { once } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Line, WorkersProcess } from './workers-process.ts';

/** A query that is answered at once. */
export const SOON = { source: 'slow', op: 'get', params: { path: '/soon' } };
/** One that is answered when the store is told. */
const HELD = { source: 'slow', op: 'get', params: { path: '/held' } };

/** Asks for one thing, on a connection of its own unless an agent keeps one. */
export async function answerTo(address: string, query: object, agent: Agent | false = false) {
  const headers = { 'content-type': 'application/json' };
  const sent = request(`${address}/ordered`, { method: 'POST', headers, agent });
  sent.end(JSON.stringify({ queries: [query] }));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, body: await text(answer) };
}

/** Asks, and answers the status. */
export async function ask(address: string, query: object, agent?: Agent): Promise<number> {
  return (await answerTo(address, query, agent)).status;
}

/** The processes that have answered batches, by what they logged. */
export const answerers = ({ lines }: WorkersProcess): Set<number> =>
  new Set(lines.filter((line) => 'pattern' in line).map(({ pid }) => pid));

/** Asks until every one of these processes has answered. */
export async function askAll(service: WorkersProcess, address: string, pids: readonly number[]): Promise<void> {
  while (!pids.every((pid) => answerers(service).has(pid))) await ask(address, SOON);
}

/** Has so many answers under way that each worker has one, by the odds; tells their statuses, each once. */
export async function busy(service: WorkersProcess, address: string) {
  const answers: Promise<number | string>[] = [];
  while (answers.length < 24) {
    const answer = ask(address, HELD).catch(() => 'cut');
    // A machine that is busy may have one refused.
    const held = await Promise.race([answer, service.holding(answers.length + 1)]);
    if (held === undefined) answers.push(answer);
  }
  return {
    answers: Promise.all(answers).then((statuses) => [...new Set(statuses)]),
    finish: () => {
      for (const answer of service.held) answer.end('"late"');
    },
  };
}

/** The processes of its workers, in the order in which they were started. */
export const started = ({ lines }: WorkersProcess): number[] =>
  lines.filter(({ msg }) => msg === 'worker started').map(({ worker }) => worker as number);

/** Tells the line by which a process says that it ends. */
export const draining = (pid: number) => (line: Line) => line.pid === pid && line.msg === 'draining';

/** Whether there is such a process. */
export const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
