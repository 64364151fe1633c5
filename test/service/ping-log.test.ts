import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildApp } from '../../src/service/app.ts';
import { CodapError } from '../../src/errors.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import type { Source } from '../../src/sources/open.ts';
import { parseConfig } from '../configured.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

interface Line {
  level: number;
  source?: string;
  msg: string;
}

it('the log tells once why a source does not answer pings, and once that it does again', async () => {
  const lines: Line[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Line);
  const logger = createLogger('info', new Secrets([]), { write });
  let failure: CodapError | undefined;
  const ping = () => (failure ? Promise.reject(failure) : Promise.resolve());
  const source = { name: 'photos', adapter: 's3', ops: [], layers: [], forwards: [], ping } as unknown as Source;
  const sources = new Map([['photos', source]]);
  await using app = await buildApp(parseConfig({ sources: {} }), { sources, logger });
  const cause = Object.assign(new Error('signed wrongly'), { Code: 'SignatureDoesNotMatch' });
  const refused = new CodapError('FORBIDDEN', 'the store refused codap', { cause });
  for (const next of [undefined, refused, refused, undefined, undefined, refused]) {
    failure = next;
    expect((await app.inject('/health/ready')).json()).toMatchObject({ status: 'ready' });
    vi.advanceTimersByTime(2000);
  }
  const told = lines.filter(({ source }) => source !== undefined);
  expect(told.map(({ level, source }) => [level, source])).toEqual([
    [40, 'photos'],
    [30, 'photos'],
    [40, 'photos'],
  ]);
  expect(told[0]).toMatchObject({
    code: 'FORBIDDEN',
    why: 'the store refused codap (SignatureDoesNotMatch)',
    err: { message: refused.message, cause: { message: 'signed wrongly' } },
  });
});
