import type { FastifyInstance } from 'fastify';
import { CallSignal } from '../src/ground/call-signal.ts';
import { notNeeded } from '../src/errors.ts';
import type { Service } from '../src/service/batches/service.ts';
import type { DescribeSource } from '../src/service/describe-source.ts';
import { sendNotFound } from '../src/service/http/problem.ts';
import { whenClosed } from '../src/ground/when-closed.ts';

/** `GET /sources/{name}`: the params of a source's ops, and, where it is described, what is in it. */
export function sourceRoute(
  app: FastifyInstance,
  sourcesFor: Service['sourcesFor'],
  describeSource: DescribeSource,
): void {
  app.get<{ Params: { name: string } }>('/sources/:name', async ({ params, caller }, reply) => {
    const source = sourcesFor(caller).get(params.name);
    if (!source) {
      sendNotFound(reply, 'there is no source of this name');
      return reply;
    }
    const left = new CallSignal();
    whenClosed(reply.raw, () => left.abort(notNeeded()));
    // Names of a store's fields are for whoever asked; codap keeps them for a while itself.
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
    return (await describeSource(source, left)).json;
  });
}
