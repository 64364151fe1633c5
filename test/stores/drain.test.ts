import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startCodapProcess } from '../codap-process.ts';
import { startScripted } from '../scripted-store.ts';
import { drainTrial } from '../drain-trial.ts';

const SIDE_BY_SIDE = 3;
const seed = Number(process.env['CODAP_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe('SIGTERM', () => {
  it(
    `drops nothing at 30 random moments, 9 of them while it starts (CODAP_TEST_SEED=${seed})`,
    { timeout: 240_000 },
    async () => {
      const parts = fc.sample(fc.noBias(fc.integer({ min: 0, max: 1000 })), { seed, numRuns: 30 });
      const trials = parts.map((part, at) => ({
        phase: at % 10 < 3 ? ('start' as const) : ('load' as const),
        part: part / 1000,
      }));
      const left = trials.values();
      const failures: unknown[] = [];
      const sum = { answered: 0, refused: 0, late: 0 };
      await Promise.all(
        Array.from({ length: SIDE_BY_SIDE }, async () => {
          for (const trial of left) {
            const found = await drainTrial(trial.phase, trial.part);
            sum.answered += found.answered;
            sum.refused += found.refused;
            sum.late += found.late;
            const [status, signal] = found.ended;
            const well = status === 0 || (signal === 'SIGTERM' && found.answered === 0);
            if (found.dropped.length > 0 || !well) failures.push({ ...trial, ...found });
          }
        }),
      );
      console.log(`drain, CODAP_TEST_SEED=${seed}:`, sum);
      expect(failures).toEqual([]);
      expect(sum.answered).toBeGreaterThan(trials.length);
    },
  );
});

/** A service in a process of its own, of whose batch the store was asked, and does not answer. */
async function waiting(graceMs: number, timeoutMs: number) {
  const asked = Promise.withResolvers<void>();
  const store = await startScripted(() => asked.resolve());
  const sources = { store: { adapter: 'rest', url: store.url, timeoutMs: 20_000 } };
  const codap = await startCodapProcess({ server: { graceMs }, sources });
  const answer = fetch(`${codap.url}/kv`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ timeoutMs, queries: { a: { source: 'store', op: 'get' } } }),
  });
  await asked.promise;
  return {
    codap,
    answer,
    async [Symbol.asyncDispose]() {
      await codap[Symbol.asyncDispose]();
      await store.close();
    },
  };
}

it.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s: what still runs is told also where codap stands still until after graceMs',
  async (signal) => {
    await using started = await waiting(2000, 1300);
    const { codap, answer } = started;
    codap.signal(signal);
    await pause(400);
    codap.signal('SIGSTOP');
    await pause(1800);
    codap.signal('SIGCONT');
    // Its own deadline has passed meanwhile, too.
    expect((await answer).status).toBeOneOf([200, 503]);
  },
);

it('SIGTERM: what still runs is told, and the process has ended once graceMs is over', { retry: 3 }, async () => {
  const graceMs = 1000;
  await using started = await waiting(graceMs, 10_000);
  const { codap, answer } = started;
  const began = performance.now();
  const ended = codap.end().then((status) => ({ status, ms: performance.now() - began }));
  expect((await answer).status).toBe(503);
  const { status, ms } = await ended;
  expect(status).toBe(1);
  expect(ms).toBeLessThanOrEqual(graceMs);
});
