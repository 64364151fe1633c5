import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { type Code, CodapError } from '../../../src/errors.ts';
import { answerFault } from '../../../src/service/http/faults.ts';

it.each<[Code, number | undefined, number, string | undefined]>([
  ['CIRCUIT_OPEN', 6001, 503, '7'],
  ['OVERLOADED', 60_000, 503, '60'],
  ['OVERLOADED', 1, 503, '1'],
  ['OVERLOADED', 0, 503, '0'],
  ['UNAVAILABLE', undefined, 502, undefined],
])('a route that fails with %s, to be asked again in %s ms, answers %i and Retry-After: %s', async (...row) => {
  const [code, retryAfterMs, status, seconds] = row;
  await using app = Fastify();
  app.setErrorHandler(answerFault);
  app.get('/', () => {
    throw new CodapError(code, 'told to fail', retryAfterMs === undefined ? {} : { retryAfterMs });
  });
  const answer = await app.inject('/');
  expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([status, seconds, code]);
});
