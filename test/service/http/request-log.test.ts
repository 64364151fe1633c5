import pino from 'pino';
import { expect, it, vi } from 'vitest';
import { RequestLog } from '../../../src/service/http/request-log.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

it('binds what is told of a request once something is logged, and once only', () => {
  const lines: string[] = [];
  const parent = pino({ level: 'trace', base: null, timestamp: false }, { write: (line) => void lines.push(line) });
  const child = vi.spyOn(parent, 'child');
  const log = new RequestLog(parent, { requestId: 'r1' });
  expect([log.level, child.mock.calls.length]).toEqual(['trace', 0]);
  for (const level of LEVELS) log[level]({ a: 1 }, 'text %s', 'more');
  log.silent('never');
  expect(child).toHaveBeenCalledTimes(1);
  log.child({ b: 2 }).info('own');
  const told = lines.map((line) => JSON.parse(line) as object);
  expect(told).toEqual([
    ...LEVELS.map((level) => ({ level: pino.levels.values[level], requestId: 'r1', a: 1, msg: 'text more' })),
    { level: 30, requestId: 'r1', b: 2, msg: 'own' },
  ]);
});
