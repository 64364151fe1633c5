import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpack } from '../encodings/unpack.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

const HEDGE_MS = 300;

let store: ScriptedStore;
let service: Service;
/** What the answer reads until the test ends it, and what was asked for beside. */
let long: ServerResponse | undefined;
let asked: string[] = [];
beforeAll(async () => {
  store = await startScripted((path, response) => {
    const name = path.slice(1);
    if (name !== 'long') asked.push(name);
    if (name === 'never') return;
    if (name === 'slow') {
      void pause(6 * HEDGE_MS).then(() => response.end(name));
      return;
    }
    response.setHeader('content-type', 'text/plain').write(name);
    if (name === 'long') long = response;
    else response.end();
  });
  const scripted = { adapter: 'rest', url: store.url };
  service = await startService({ sources: { scripted, narrow: { ...scripted, concurrency: 1 } } });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

const get = (path: string, source = 'scripted') => ({ source, op: 'get', params: { path: `/${path}` } });
const race = (...queries: object[]) => ({ pattern: 'first-reply', take: 1, hedgeMs: HEDGE_MS, queries });
const two = (...queries: object[]) => ({ ...race(...queries), take: 2 });

describe('a race that waits for its place in an archive', () => {
  it.each<[string, readonly object[], readonly string[]]>([
    ['asks the first alone', [get('b'), race(get('x'), get('y'), get('z'))], ['b', 'x']],
    ['asks the first two alone', [get('b'), two(get('x'), get('y'), get('z'))], ['b', 'x', 'y']],
    ['asks the next after as long as ever', [get('b'), race(get('never'), get('y'), get('z'))], ['b', 'never', 'y']],
    [
      'asks one of each group in it',
      [get('b'), { ...two(...['x', 'y', 'z'].map((name) => ({ pattern: 'kv', queries: { a: get(name) } }))) }],
      ['b', 'x', 'y'],
    ],
    ['asks one of races within it', [get('b'), race(race(get('x'), get('y')), race(get('z')))], ['b', 'x']],
    [
      'asks the first alone, of a source that has but one place',
      [get('b', 'narrow'), race(get('x', 'narrow'), get('y', 'narrow'), get('z'))],
      ['b', 'x'],
    ],
    [
      'asks the first alone, where other items have the places of the two at a time',
      [
        get('b'),
        {
          forEach: ['quick', 'slow', 'slow'],
          concurrency: 2,
          pattern: 'kv',
          queries: {
            said: { ...get(''), params: { path: [{ $item: '' }] }, select: '' },
            raced: race(get('x'), get('y')),
          },
        },
      ],
      // Both slow ones are one call.
      ['b', 'quick', 'slow', 'x', 'x', 'x'],
    ],
  ])('%s', async (_, queries, expected) => {
    asked = [];
    long = undefined;
    const answer = await askBytes(`${service.url}/ordered`, { queries: [get('long'), ...queries] }, 'application/zip');
    await until(() => long !== undefined, 'the first one is read');
    await pause(3 * HEDGE_MS);
    long!.end();
    await unpack('unzip', await answer.read());
    expect(asked).toEqual(expected);
  });
});
