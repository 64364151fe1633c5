import { EventEmitter } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { askUndici } from '../../adapters/http/undici-answer.ts';
import { noteStale } from '../../adapters/http/stale-sockets.ts';
import { Who } from '../../src/sources/call.ts';
import type { Payload } from '../../src/store/payload.ts';
import type { CallTrace } from '../../src/store/call-trace.ts';
import { startByHand } from '../by-hand.ts';
import { type Certificate, makeCertificate } from '../certificate.ts';
import { openSources, parseConfig } from '../configured.ts';
import { answerOf } from '../raw-store.ts';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { ENDS } from './ended.ts';
import { bounds } from './source.ts';

/** What the store does with a request: a whole answer, or these bytes and then an end. */
type Move = 'answer' | { readonly bytes: string; readonly end: keyof typeof ENDS };

const lose = (end: keyof typeof ENDS, bytes = ''): Move => ({ bytes, end });

type Asked = readonly [
  source: 'api' | 'lined' | 'files',
  op: string,
  params: Record<string, unknown>,
  want: Payload['kind'],
];

const retry = { attempts: 1 };
const sourceAt = (url: string) => ({
  api: { adapter: 'rest', url, methods: ['get', 'head', 'post'], retry },
  lined: { adapter: 'rest', url, pipelining: 4, retry },
  files: { adapter: 's3', endpoint: url, bucket: 'bucket', forcePathStyle: true, retry, ...DEMO_CREDENTIALS },
});

/** A store that makes these moves, one for each request, and a source of it. */
async function scripted(moves: readonly Move[], name: Asked[0], tls?: Certificate) {
  const { url, asked, close } = await startByHand({
    tls,
    allowHalfOpen: true,
    answer({ socket, line }, index) {
      const move = moves[index] ?? 'answer';
      if (move === 'answer') socket.write(answerOf(['content-type: text/plain'], line.startsWith('HEAD') ? '' : 'hi'));
      else if (move.bytes === '') ENDS[move.end](socket);
      else socket.write(move.bytes, () => ENDS[move.end](socket));
    },
  });
  onTestFinished(close);
  const opened = await openSources(parseConfig({ sources: { [name]: sourceAt(url)[name] } }));
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return {
    asked,
    /** Asks once, all of the answer; what it comes to, and in how many attempts. */
    async ask([, op, params, want]: Asked): Promise<{ code: string; attempts: number }> {
      const source = opened.sources.get(name)!;
      const trace: CallTrace = { attempts: [] };
      const compiled = source.prepare(op, params, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
      const code = await source
        .call({ op, params: compiled, want }, new Who({ headers: {} }), { ...bounds(), trace })
        .then(async (payload) => {
          if (payload.kind === 'body') await payload.stream.forEach(() => {});
          return 'ok';
        })
        .catch((error: { code: string }) => error.code);
      // Until its connection, if it is kept, is free again.
      for (let count = 0; count < 20; count++) await turn();
      return { code, attempts: trace.attempts.length };
    },
  };
}

const ASKED: Readonly<Record<string, Asked>> = {
  'a REST get': ['api', 'get', { path: 'x' }, 'value'],
  'a REST get that flows': ['api', 'get', { path: 'x' }, 'body'],
  'a REST get of a pipeline': ['lined', 'get', { path: 'x' }, 'value'],
  'an object': ['files', 'getObject', { key: 'x' }, 'value'],
  'an object that flows': ['files', 'getObject', { key: 'x' }, 'body'],
  'a REST head': ['api', 'head', { path: 'x' }, 'value'],
  'the head of an object': ['files', 'headObject', { key: 'x' }, 'value'],
  'a REST post': ['api', 'post', { path: 'x', body: '' }, 'value'],
  'a REST post that flows': ['api', 'post', { path: 'x', body: '' }, 'body'],
};
/** After HEAD no connection is kept: it uses what a GET has left. */
const BEFORE = { 'a REST head': 'a REST get', 'the head of an object': 'an object' } as const;
const ALL = ['a REST get', 'a REST get that flows', 'an object'] as const;

type End = keyof typeof ENDS;
const ends = Object.keys(ENDS) as End[];
const safe = Object.keys(ASKED).filter((name) => !name.includes('post'));

describe('a kept connection that the store closes as a request comes', () => {
  it.each(safe)('is no failure of %s: it is sent anew, as the same attempt', async (name) => {
    const asked = ASKED[name]!;
    for (const end of ends) {
      const store = await scripted(['answer', lose(end), 'answer'], asked[0]);
      expect(await store.ask(ASKED[BEFORE[name as keyof typeof BEFORE] ?? name]!), end).toMatchObject({ code: 'ok' });
      expect(await store.ask(asked), end).toEqual({ code: 'ok', attempts: 1 });
      const [first, second, third] = store.asked;
      expect(store.asked, end).toHaveLength(3);
      expect(second!.socket, end).toBe(first!.socket);
      expect(third!.socket, end).not.toBe(first!.socket);
      expect(third!.line, end).toBe(second!.line);
    }
  });

  it.each<[string, readonly (keyof typeof ASKED)[], (end: End) => readonly Move[]]>([
    ['was new', ALL, (end) => [lose(end)]],
    ['is followed by a new one that is lost, too', ALL, (end) => ['answer', lose(end), lose(end)]],
    ['has brought an octet', ALL, (end) => ['answer', lose(end, 'H')]],
    ['has brought 103', ALL, (end) => ['answer', lose(end, 'HTTP/1.1 103 Early Hints\r\n\r\n')]],
    ['carried what is not safe', ['a REST post', 'a REST post that flows'], (end) => ['answer', lose(end)]],
  ])('is a failure where it %s', async (_name, names, moves) => {
    for (const end of ends)
      for (const name of names) {
        const store = await scripted(moves(end), ASKED[name]![0]);
        if (moves(end).length > 1) await store.ask(ASKED[name.replace('post', 'get')]!);
        expect(await store.ask(ASKED[name]!), name + end).toEqual({ code: 'UNAVAILABLE', attempts: 1 });
        expect(store.asked, name + end).toHaveLength(moves(end).length);
      }
  });

  it('has what flows, and S3, sent anew but once, also where others that were kept have ended, too', async () => {
    const lost = Object.assign(new EventEmitter(), { bytesRead: 1, write: () => true });
    noteStale(lost as never);
    lost.write();
    const error = new Error('closed');
    lost.on('error', () => {}).emit('error', error);
    const request = vi.fn(() => Promise.reject(error));
    for (const [method, times] of [
      ['GET', 2],
      ['HEAD', 2],
      ['POST', 1],
    ] as const) {
      request.mockClear();
      const asked = askUndici({ request } as never, { origin: 'http://store.test', path: '/', method });
      await expect(asked, method).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(request, method).toHaveBeenCalledTimes(times);
    }
  });

  it('is a failure where what it brings is no HTTP', async () => {
    for (const name of ALL) {
      const store = await scripted(['answer', lose('is ended', 'garbage\r\n\r\n')], ASKED[name]![0]);
      await store.ask(ASKED[name]!);
      expect(await store.ask(ASKED[name]!), name).toEqual({ code: 'BAD_RESPONSE', attempts: 1 });
      expect(store.asked, name).toHaveLength(2);
    }
  });

  it('loses none of those that were pipelined', async () => {
    for (const end of ends) {
      const store = await scripted(['answer', 'answer', lose(end)], 'lined');
      const asked = ASKED['a REST get of a pipeline']!;
      await store.ask(asked);
      const all = await Promise.all(['a', 'b', 'c', 'd'].map((path) => store.ask(['lined', 'get', { path }, 'value'])));
      expect(
        all.map(({ code }) => code),
        end,
      ).toEqual(['ok', 'ok', 'ok', 'ok']);
    }
  });

  it('is none by TLS either', async () => {
    const certificate = await makeCertificate('store');
    const trusted = getCACertificates();
    setDefaultCACertificates([...trusted, certificate.cert]);
    onTestFinished(() => setDefaultCACertificates(trusted));
    for (const name of ['a REST get', 'a REST get that flows']) {
      const store = await scripted(['answer', lose('is ended')], 'api', certificate);
      await store.ask(ASKED[name]!);
      expect(await store.ask(ASKED[name]!), name).toEqual({ code: 'ok', attempts: 1 });
      expect(store.asked, name).toHaveLength(3);
      const other = await scripted([lose('is ended')], 'api', certificate);
      expect(await other.ask(ASKED[name]!), name).toEqual({ code: 'UNAVAILABLE', attempts: 1 });
    }
  });
});
