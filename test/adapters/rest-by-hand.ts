import { onTestFinished } from 'vitest';
import { rest } from '../../adapters/rest.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { Value } from '../../src/store/payload.ts';
import { startByHand } from '../by-hand.ts';
import { restOptions, run } from './rest-source.ts';

/** How the source names its store, and how many calls it may have under way. */
interface Of {
  readonly host?: string;
  readonly concurrency?: number;
}

/** A store that answers by hand, and a source of it. Both end with the test. */
export async function restByHand(own: Record<string, unknown> = {}, { host, concurrency }: Of = {}) {
  const store = await startByHand({ host });
  onTestFinished(store.close);
  const options = restOptions(
    { url: store.url, methods: ['get', 'head', 'post'], ...own },
    concurrency === undefined ? {} : { concurrency },
  );
  const source = await rest.open(options);
  onTestFinished(() => source[Symbol.asyncDispose]());
  return {
    ...store,
    /** What becomes of it may be looked at late. */
    ask(op = 'get', params: Record<string, unknown> = {}, within: Partial<Context> = {}): Promise<Value> {
      const answer = run(source, options, op, params, within) as Promise<Value>;
      answer.catch(() => {});
      return answer;
    },
  };
}
