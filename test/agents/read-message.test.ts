import { describe, expect, it, vi } from 'vitest';
import { readMessage } from '../../src/agents/read-message.ts';
import { Work } from '../../src/budget/work.ts';
import { BadRequest } from '../../src/json/fault-list.ts';
import { parseConfig } from '../configured.ts';

const { limits } = parseConfig({});

const read = (body: string | Buffer, work = new Work(limits.work)) =>
  work.do(readMessage(Buffer.from(body), limits, work));

/** A call with these arguments, and what stands before and behind them. */
const call = (given: string, before = '', behind = '', last = '') =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${before}"arguments":${given}${behind}}${last}}`;

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Arguments with faults: so many that no list of faults tells all, and as deep as may be. */
const FAULTY: Readonly<Record<string, string>> = {
  'one fault': '{"k":1,"k":1}',
  'more faults than are told': `{"k":1${',"k":1'.repeat(300)}}`,
  'deep nesting': `{"a":${nested(5000)}}`,
  'faults, and text that looks like a message': `{"k":"]}},\\"id\\":","k":{"params":{"arguments":[1e999]}}}`,
};

describe.each(Object.entries(FAULTY))('of a message with %s in its arguments', (_what, given) => {
  it('who asks is told, and what is wrong only to who looks at the arguments', async () => {
    const message = await read(call(given, '"name":"run_batch",', ',"_meta":{"a":[1]}', ',"x":"é"'));
    expect(message).toMatchObject({
      envelope: { id: 1, params: { name: 'run_batch', arguments: {}, _meta: { a: [1] } }, x: 'é' },
    });
    expect((message as { given: () => unknown }).given).toThrow(BadRequest);
  });

  it.each([
    ['deep nesting', call(given, '', `,"_meta":{"x":${nested(5000)}}`), /^#\/params\/_meta\/x(\/0)+: nested deeper/],
    ['a second name', call(given, '"name":"a",', ',"name":"b"'), '#/params/name: the object has this key already'],
    ['an id that would change', call(given, '', '', ',"n":9007199254740993'), /^#\/n: .*2\^53/],
    [
      'half a character',
      call(given, '', '', ',"n":"\\ud800"'),
      '#/n: the string has a lone surrogate, half a character',
    ],
    [
      'bytes that are no UTF-8',
      Buffer.from(call(given, '', '', ',"n":"\xff"'), 'latin1'),
      '#/n: the string is not UTF-8',
    ],
    ['second arguments', call(given, '', `,"arguments":${given}`), /^#\/params\/arguments: the object has this key/],
    ['second params', call(given, '', '', ',"params":{"arguments":{}}'), '#/params: the object has this key already'],
    ['the same in another spelling', call(given, '', ',"argument\\u0073":1'), /^#\/params\/arguments: the object has/],
    ['an end too early', call(given).slice(0, -1), /^#: (not JSON|the JSON ends too early)/],
    ['something behind its end', `${call(given)}x`, /^#: not JSON/],
  ])('%s around these is a fault of its own', async (_wrong, body, message) => {
    expect(await read(body)).toEqual({ code: -32700, message: expect.stringMatching(message) });
  });
});

describe('arguments with faults', () => {
  it.each([
    ['nested as deep as a body is long', nested(500_000)],
    ['objects, as deep', `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`],
    ['many members', `[${'{},'.repeat(100_000)}1e999]`],
  ])('are not made anything of: %s', async (_what, given) => {
    const work = new Work(limits.work);
    const opens = vi.spyOn(work, 'opens');
    expect(await read(call(given), work)).toMatchObject({ envelope: { id: 1 } });
    // Closing what was opened would take no turns.
    expect(opens.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBeLessThan(10_000);
  });
});
