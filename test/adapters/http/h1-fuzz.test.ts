import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Client, type Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { AnswerReader, type Asker } from '../../../adapters/http/h1/answer-reader.ts';
import type { Head } from '../../../adapters/http/h1/head.ts';

/** With `FUZZ_RUNS=100000` for long. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);
const MOST_HEAD = 16_384;

/** What was made of one answer. */
interface Answer {
  status: number;
  fields: Record<string, string | string[]>;
  body: string;
  isWhole: boolean;
}

/** The names that are generated, and looked up. */
const NAMES = ['a', 'x-b', 'ETag', 'content-type', 'Link'];

/** What our reader makes of these pieces, so many answers being due. */
function ours(pieces: readonly Buffer[], due: number): Answer[] {
  const answers: Answer[] = [];
  let keepsAlive = true;
  const asker: Asker = {
    get isDue() {
      return answers.filter(({ isWhole }) => isWhole).length < due;
    },
    isHead: false,
    onHead(head: Head, keeps) {
      keepsAlive = keeps;
      const found = NAMES.map((name) => [name.toLowerCase(), head.get(name.toLowerCase())] as const);
      const fields = Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Answer['fields'];
      answers.push({ status: head.status, fields, body: '', isWhole: false });
    },
    onBody(memory, from, to) {
      expect(from).toBeLessThan(to);
      answers.at(-1)!.body += memory.toString('latin1', from, to);
    },
    onEnd() {
      answers.at(-1)!.isWhole = true;
      if (!keepsAlive) reader.isHalted = true;
    },
  };
  const reader = new AnswerReader(asker, MOST_HEAD);
  // The memory is used again, as that of a connection is.
  const memory = Buffer.alloc(65_536);
  try {
    for (const piece of pieces) {
      piece.copy(memory);
      const at = reader.read(memory, 0, piece.length);
      if (reader.isHalted) return told(answers);
      expect(at).toBe(piece.length);
      memory.fill('X');
    }
    reader.finish();
  } catch (error) {
    if (!['SocketError', 'HTTPParserError', 'HeadersOverflowError'].includes((error as Error).name)) throw error;
  }
  return told(answers);
}

/** Of what breaks off, it does not matter how much was brought before that was seen. */
const told = (answers: readonly Answer[]): Answer[] =>
  answers.map((one) => (one.isWhole ? one : { ...one, body: 'broken off' }));

/** What undici makes of them. */
async function undicis(pieces: readonly Buffer[], due: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  let opened = 0;
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const client = new Client('http://store', {
    pipelining: due,
    connect(_options, opens) {
      if (opened++ > 0) opens(new Error('once is enough'), null);
      else process.nextTick(opens, null, socket);
    },
  });
  const asked = Array.from({ length: due }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let answer: Answer | undefined;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, status, headers) {
        if (status < 200) return;
        const found = NAMES.map((name) => [name.toLowerCase(), headers[name.toLowerCase()]] as const);
        const fields = Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Answer['fields'];
        answers.push((answer = { status, fields, body: '', isWhole: false }));
      },
      onResponseData: (_controller, chunk) => void (answer!.body += chunk.toString('latin1')),
      onResponseEnd() {
        answer!.isWhole = true;
        resolve();
      },
      onResponseError: () => resolve(),
    };
    client.dispatch({ method: 'GET', path: '/', blocking: false }, handler);
    return promise;
  });
  await new Promise((resolve) => setImmediate(resolve));
  for (const piece of pieces) socket.push(piece);
  socket.push(null);
  await Promise.all(asked);
  await client.destroy();
  return told(answers);
}

const crlf = '\r\n';
const field = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('1', '', 'a b', 'x,y', '"\x80\xe9"', 'é', ' \tz'));
const body = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', '\0', '\xff', 'HTTP/1.1 '), maxLength: 40 });
const extension = fc.constantFrom('', '', ';a', ';a=b', ';a="b\\"c"', ';a=b;c');
const chunked = fc.array(fc.tuple(body, extension), { maxLength: 4 }).chain((chunks) =>
  fc.constantFrom('', `x-t: 1${crlf}`).map((trailers) => {
    const parts = chunks
      .filter(([text]) => text !== '')
      .map(([text, more]) => `${text.length.toString(16)}${more}${crlf}${text}${crlf}`);
    return { fields: [['transfer-encoding', 'Chunked']], text: `${parts.join('')}0${crlf}${trailers}${crlf}` };
  }),
);
const sized = body.map((text) => ({ fields: [['Content-Length', String(text.length)]], text }));
const open = body.map((text) => ({ fields: [] as string[][], text }));
const option = fc.constantFrom<string[][]>(
  [],
  [],
  [['Connection', 'keep-alive']],
  [['connection', 'x, close']],
  [['keep-alive', 'timeout=5']],
);

/** Chunks in HTTP/1.0 are left out: the connection is not used again, where undici uses it. */
const answer = fc
  .record({
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    status: fc.constantFrom(200, 200, 404, 204, 304, 103, 102, 599),
    reason: fc.constantFrom(' OK', '', ' ', ' Not a\xe9'),
    fields: fc.array(field, { maxLength: 4 }),
    option,
    body: fc.oneof({ weight: 4, arbitrary: sized }, { weight: 4, arbitrary: chunked }, open),
  })
  .filter(({ version, body: { fields } }) => version === '1.1' || fields[0]?.[0] !== 'transfer-encoding')
  .map(({ version, status, reason, fields, option: options, body: { fields: framing, text } }) => {
    const isBare = status < 200 || status === 204 || status === 304;
    const lines = [...fields, ...options, ...(isBare ? [] : framing)].map(([name, value]) => `${name}: ${value}`);
    return [`HTTP/${version} ${status}${reason}`, ...lines, '', isBare ? '' : text].join(crlf);
  });

const octet = fc.constantFrom(...'\r|\n|\0| |:|;|,|\t|0|a|"|\x7f|\x80|f|Z|-|\r\n|\r\n '.split('|'));
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  octet,
  drops: fc.integer({ min: 0, max: 2 }),
});
const mutated = (text: string, mutations: readonly { at: number; octet: string; drops: number }[]): string =>
  mutations.reduce((now, { at, octet: put, drops }) => {
    const from = Math.floor(at * now.length);
    return now.slice(0, from) + put + now.slice(from + drops);
  }, text);
const split = (text: string, cuts: readonly number[]): Buffer[] => {
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...new Set(cuts.map((cut) => Math.floor(cut * bytes.length)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length]
    .map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
    .filter(({ length }) => length > 0);
};
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 6 });
const stream = fc.array(answer, { minLength: 1, maxLength: 3 }).map((texts) => texts.join(''));

/** White space around a value is no part of it (RFC 9110 §5.5); undici leaves what comes after it. */
const trimmed = (answers: readonly Answer[]): Answer[] =>
  answers.map((one) => ({
    ...one,
    fields: Object.fromEntries(
      Object.entries(one.fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? value.replace(/[ \t]+$/, '') : value.map((each) => each.replace(/[ \t]+$/, '')),
      ]),
    ),
  }));

it('of any answers, however they are split, is made what undici makes of them', async () => {
  await fc.assert(
    fc.asyncProperty(stream, cuts, fc.integer({ min: 1, max: 3 }), async (text, at, due) => {
      const pieces = split(text, at);
      expect(ours(pieces, due)).toEqual(trimmed(await undicis(pieces, due)));
    }),
    { numRuns: RUNS },
  );
});

/** Where ours is the stricter: other versions, controls in the reason, other transfer codings. */
const STRICTER = [
  /HTTP\/(?!1\.[01])/,
  /^HTTP\/1.{6}[^\r\n]*[\0\x7f]/m,
  /^transfer-encoding:(?![ \t]*chunked[ \t]*\r)/im,
  /^HTTP\/1\.0[^]*transfer-encoding/im,
  /^transfer-encoding[^]*transfer-encoding/im,
];

/**
 * Where ours is not: undici takes no answer behind 100, and no white space behind the size of a chunk, where
 * it says nothing (RFC 9112 §7.1.1).
 */
const LAXER = /HTTP\/1\.[01] 100|^[\da-f]+(?:;[^\r\n]*)?[ \t]/im;

it('of what is broken nothing is taken that undici does not take', async () => {
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.array(mutation, { minLength: 1, maxLength: 2 }),
      cuts,
      fc.integer({ min: 1, max: 3 }),
      async (text, mutations, at, due) => {
        const broken = mutated(text, mutations);
        fc.pre(!LAXER.test(broken));
        const pieces = split(broken, at);
        const [own, theirs] = [ours(pieces, due), trimmed(await undicis(pieces, due))];
        const context = JSON.stringify({ broken, own, theirs });
        const whole = own.filter(({ isWhole }) => isWhole);
        expect(theirs.slice(0, whole.length), context).toEqual(whole);
        if (!STRICTER.some((one) => one.test(broken))) expect(own, context).toEqual(theirs);
      },
    ),
    { numRuns: RUNS },
  );
});
