import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Shape } from './making.ts';
import { randomBatch } from './random-batch.ts';
import { randomOf } from './random.ts';
import { shapes as known } from './shapes.ts';
import { TOLD_MS } from './told.ts';
import { tryOut, type Outcome } from './tried.ts';

/**
 * Sends random batches, as large as the limits allow, two or three at a time, and ends with 1 at one that
 * holds the event loop for too long, is answered late or with a 500, or ends the process; the bodies that
 * were under way stand in a file then.
 */
const HELD_MS = 100;
const RSS = 1.5 * 2 ** 30;
const FOLDER = new URL('../../.stores/', import.meta.url);

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    lateMs: { type: 'string', default: '50' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const until = performance.now() + Number(values.seconds) * 1000;
console.log(`seed ${seed}`);

let held = 0;
/** How long answers took the service, by their requests' names. */
const took = new Map<string, number>();
await using tried = await tryOut((told) => {
  if ('heldMs' in told) held = Math.max(held, told.heldMs);
  else took.set(told.id, told.ms);
});
const codap = await tried.running();
const random = randomOf(seed);
const worst = { heldMs: 0, lateMs: -Infinity, rss: 0 };
const statuses: Record<number, number> = {};
let batches = 0;

/** What was wrong with an answer, if anything. */
function judge({ name, body, accept }: Shape, { status, answer }: Outcome): string | undefined {
  statuses[status] = (statuses[status] ?? 0) + 1;
  const { timeoutMs } = JSON.parse(body) as { timeoutMs: number };
  // What is refused has no deadline.
  if (status === 400 || status === 406) return undefined;
  const late = (took.get(name) ?? 0) - timeoutMs;
  worst.lateMs = Math.max(worst.lateMs, late);
  if (late > Number(values.lateMs))
    return `${name} (${accept}) was answered ${status} ${Math.round(late)} ms after its deadline`;
  return status === 500 ? `was answered ${answer}` : undefined;
}

/** Sends some at once; what was wrong, if anything. */
async function round(shapes: readonly Shape[]): Promise<string | undefined> {
  held = 0;
  took.clear();
  let rss = 0;
  const over = new AbortController();
  const watched = (async () => {
    while (!over.signal.aborted) {
      rss = Math.max(rss, await codap.rss());
      await pause(20);
    }
  })();
  const outcomes = await Promise.all(shapes.map((shape) => tried.ask(shape, false)));
  over.abort();
  await watched;
  await pause(TOLD_MS + 20);
  worst.heldMs = Math.max(worst.heldMs, held);
  worst.rss = Math.max(worst.rss, rss);
  if (held > HELD_MS) return `held the event loop for ${Math.round(held)} ms`;
  if (rss > RSS) return `grew to ${Math.round(rss / 2 ** 20)} MiB`;
  const faults = outcomes.flatMap((outcome, at) => judge(shapes[at] as Shape, outcome) ?? []);
  return faults.length > 0 ? faults.join('; ') : undefined;
}

// What runs for the first time is compiled first: that is no batch's fault.
await round(known.slice(0, 8).map((shape, at) => ({ ...shape, name: `w${at}` })));
held = 0;
Object.assign(worst, { heldMs: 0, lateMs: -Infinity });
for (const status of Object.keys(statuses)) delete statuses[Number(status)];
let fault: string | undefined;
while (performance.now() < until && fault === undefined) {
  const count = random.chance(0.5) ? 2 : 3;
  const shapes = Array.from({ length: count }, () => randomBatch(random, `b${(batches += 1)}`));
  fault = await round(shapes).catch((error: unknown) => `ended the process: ${String(error)}`);
  if (fault === undefined) continue;
  await mkdir(FOLDER, { recursive: true });
  const file = new URL(`fuzz-cost-${seed}-${batches}.json`, FOLDER);
  await writeFile(file, JSON.stringify(shapes));
  console.log(`${fault}: ${fileURLToPath(file)}`);
}
const told = `held at most ${worst.heldMs.toFixed(1)} ms, latest ${worst.lateMs.toFixed(1)} ms after its deadline`;
console.log(`${batches} batches, ${told}, ${Math.round(worst.rss / 2 ** 20)} MiB; answers ${JSON.stringify(statuses)}`);
process.exitCode = fault === undefined ? 0 : 1;
