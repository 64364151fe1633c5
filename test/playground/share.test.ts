import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { History } from '../../web/src/session/history.ts';
import { isPattern } from '../../web/src/session/pattern.ts';
import { asCurl } from '../../web/src/share/curl.ts';
import { asFetch } from '../../web/src/share/fetch-code.ts';
import { fromFragment, toFragment } from '../../web/src/share/link.ts';
import { asSavedBatch } from '../../web/src/share/saved-yaml.ts';
import { type BatchText, readBatches } from '../../src/config/load.ts';
import { readYaml } from '../../src/config/yaml.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { openSources, parseConfig } from '../configured.ts';

const url = 'http://127.0.0.1:8080/kv';
const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));

it('a curl command passes any body on as it is', () => {
  const body = `{"a": "it's $HOME \`id\` \\\\ !x", "b": "ü\\n"}`;
  const command = asCurl({ url, body }, false).replace('curl -s', 'printf "%s\\n"');
  const said = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
  expect(said).toBe(`${[url, '-H', 'content-type: application/json', '-d', body].join('\n')}\n`);
  expect(asCurl({ url, body }, true)).toContain('"authorization: Bearer $CODAP_KEY"');
});

it('code sends any body as it is', async () => {
  const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => (fetch: unknown) => Promise<void>;
  await fc.assert(
    fc.asyncProperty(anyText, async (text) => {
      // A template literal, like any source text, has one kind of line break.
      const body = text.replaceAll('\r', '');
      let sent: unknown;
      await new AsyncFunction('fetch', asFetch({ url, body }, false))((...given: unknown[]) => {
        sent = given;
        return { ok: true, json: () => ({}) };
      });
      expect(sent).toEqual([url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }]);
    }),
    { numRuns: 50 },
  );
});

describe('a link', () => {
  it('holds any batch', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromFragment(toFragment({ pattern: 'ordered', text }))).toEqual({ pattern: 'ordered', text });
        expect(fromFragment(toFragment({ saved: 'a-b', params: text }))).toEqual({ saved: 'a-b', params: text });
      }),
    );
  });

  it.each(['', '#', '#kv', '#kv=%', '#kv=__8', '#other=e30', '#batches/%ff=e30'])('"%s" holds none', (fragment) => {
    expect(fromFragment(fragment)).toBeUndefined();
  });
});

describe('as a saved batch', () => {
  const folder = new URL('../../examples/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

  it.each(files)('%s says the same', async (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const pattern = file.split('.')[1]!;
    const yaml = asSavedBatch(isPattern(pattern) ? pattern : 'kv', text);
    const { trace: _trace, shape: _shape, ...batch } = JSON.parse(text) as Record<string, unknown>;
    expect(parse(yaml)).toEqual({ batches: { 'my-batch': { pattern, ...batch } } });
  });

  it('is one that codap takes', async () => {
    const yaml = asSavedBatch(
      'kv',
      '{"trace": true, "queries": {"a": {"source": "s", "op": "get", "params": {"path": "/"}}}}',
    );
    const config = parseConfig({
      sources: { s: { adapter: 'rest', url: 'http://127.0.0.1/' } },
      ...(parse(yaml) as object),
    });
    await using opened = await openSources(config);
    expect([...(await openSaved(config, opened.sources)).keys()]).toEqual(['my-batch']);
  });

  it.each(['', '[]', '{"a": '])('"%s" is none', (text) => {
    expect(() => asSavedBatch('kv', text)).toThrow(TypeError);
  });

  it.each([
    ['{"<<":{"b":1,"a":2},"b":3}'],
    ['{"z":1,"<<":{"1":{"<<":[{"a":1}]}}}'],
    ['{"<<":"text"}'],
    ['{"a":"<<","<<<":1,"=":2}'],
    ['{"y":1,"~":2,"null":3,"1.50":4,"0x10":5,"? a":6,"- b":7,"*c":8,"&d":9,"!e":10,"f: g":11,"":12,"__proto__":13}'],
  ])('is read back by codap with each key in its place: %s', async (params) => {
    const text = `{"params":${params},"queries":{}}`;
    const { exact } = readYaml(asSavedBatch('kv', text), 'codap.yaml');
    const batches = (exact as Map<string, unknown>).get('batches') as Map<string, unknown>;
    const [{ json, faults, unfit }] = (await readBatches(batches, 'codap.yaml')) as [BatchText];
    expect([faults, unfit]).toEqual([[], []]);
    expect(String(json)).toBe(`{"pattern":"kv",${text.slice(1)}`);
  });

  it('keeps digits, the place of keys, and texts that look like something else', () => {
    const text =
      '{"queries": {"2": 10000000000000000001, "1": {"a": "yes", "b": "1", "c": "null", "d": "a: b", "e": "# x", "f": ""}}}';
    const yaml = asSavedBatch('kv', text);
    expect(yaml).toContain('10000000000000000001');
    expect(yaml.indexOf('"2"')).toBeLessThan(yaml.indexOf('"1"'));
    expect(parse(yaml, { intAsBigInt: true }).batches['my-batch'].queries['1']).toEqual({
      a: 'yes',
      b: '1',
      c: 'null',
      d: 'a: b',
      e: '# x',
      f: '',
    });
  });
});

describe('the history', () => {
  const ROOM = 2000;
  const storage = (given: Record<string, string> = {}, room = ROOM) => {
    const kept = new Map(Object.entries(given));
    return {
      kept,
      getItem: (key: string) => kept.get(key) ?? null,
      setItem(key: string, value: string) {
        if (value.length > room) throw new Error('There is no room.');
        kept.set(key, value);
      },
      removeItem: (key: string) => void kept.delete(key),
    };
  };
  const past = (text: string) => ({ at: 1, pattern: 'kv' as const, text });
  const written = (text: string) => ({
    pattern: 'kv' as const,
    texts: { kv: text, ordered: '', 'first-reply': '' },
    saved: { saved: text, params: '{}' },
  });

  it('holds the last thirty, each once, the last first', () => {
    const history = new History('/', storage());
    for (let at = 0; at < 40; at++) history.add(past(String(at % 35)));
    const texts = history.all().map(({ text }) => text);
    expect(texts.slice(0, 3)).toEqual(['4', '3', '2']);
    expect([texts.length, new Set(texts).size]).toEqual([30, 30]);
  });

  it('turned off forgets what there was, and keeps nothing more', () => {
    const [place, tab] = [storage(), storage()];
    const history = new History('/', place, tab);
    const keep = (text: string): void => {
      history.add(past(text));
      history.keep(written(text));
    };
    keep('secret');
    expect(tab.kept.size).toBe(1);
    history.turn(false);
    keep('secret');
    expect([history.isOn, history.all(), history.drafts(), JSON.stringify([...place.kept]), tab.kept.size]).toEqual([
      false,
      [],
      undefined,
      '[["codap.forget /","true"]]',
      0,
    ]);
    history.turn(true);
    keep('x');
    expect([history.all().length, history.drafts()]).toEqual([1, written('x')]);
  });

  it('without room for more keeps what was run, and no draft that is out of date', () => {
    const [place, tab] = [storage(), storage()];
    const history = new History('/', place, tab);
    for (const text of ['old', 'x'.repeat(ROOM)]) {
      history.add(past(text));
      history.keep(written(text));
    }
    expect([history.all(), history.drafts()]).toEqual([[past('old')], undefined]);
  });

  it('is that of one service, whatever else lies below the same host', () => {
    const [place, tab] = [storage(), storage()];
    const [one, other] = [new History('/a/', place, tab), new History('/b/', place, tab)];
    one.add(past('x'));
    one.keep(written('x'));
    other.turn(false);
    expect([one.isOn, one.all(), one.drafts()]).toEqual([true, [past('x')], written('x')]);
    expect([other.isOn, other.all(), other.drafts()]).toEqual([false, [], undefined]);
  });

  it('keeps no draft that is too long, but the others', () => {
    const long = 'x'.repeat(200_001);
    const { pattern, texts } = written('short');
    const history = new History('/', storage({}, Infinity), storage({}, Infinity));
    history.keep({ pattern, texts: { ...texts, ordered: long }, saved: { saved: 'x', params: long } });
    expect(history.drafts()).toEqual({ pattern, texts: { kv: 'short', 'first-reply': '' } });
  });

  it.each<[string, (other: History) => unknown]>([
    ['is loaded anew', (other) => expect(other.drafts()).toBeUndefined()],
    ['hears of it', (other) => other.heed()],
  ])('turned off in one tab, is forgotten by another that %s', (_, act) => {
    const [place, tab] = [storage(), storage()];
    const other = new History('/', place, tab);
    other.keep(written('secret'));
    new History('/', place, storage()).turn(false);
    act(other);
    expect([other.isOn, tab.kept.size]).toEqual([false, 0]);
  });

  it.each([
    ['no JSON', '{'],
    ['another pattern', JSON.stringify({ ...written('x'), pattern: 'x' })],
    ['a text that is none', JSON.stringify({ ...written('x'), texts: { kv: 1 } })],
    ['no texts', JSON.stringify({ pattern: 'kv' })],
    ['null for texts', JSON.stringify({ ...written('x'), texts: null })],
    ['no parameters', JSON.stringify({ ...written('x'), saved: { saved: 'x' } })],
    ['nothing', 'null'],
  ])('tells of no drafts where what lies there is or has %s', (_, text) => {
    expect(new History('/', storage(), storage({ 'codap.drafts /': text })).drafts()).toBeUndefined();
  });

  it('is empty where there is no place for it, or something else lies there', () => {
    expect(new History('/', undefined).all()).toEqual([]);
    expect(
      new History('/', storage({ 'codap.history /': '[{"text": 1}, null, {"at":1,"pattern":"x","text":""}]' })).all(),
    ).toEqual([]);
    expect(new History('/', storage({ 'codap.history /': '{' })).all()).toEqual([]);
  });
});
