import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendProblem } from '../problem.ts';

/** Hands an `application/json` body on as the bytes it came as (`request.body` of a POST is a Buffer); anything else is a 415. */
export function acceptJsonBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', ({ headers }, reply, done) => {
    const coding = headers['content-encoding'];
    if (coding === undefined || coding.toLowerCase() === 'identity') done();
    else refuseType(reply, 'the body may not be compressed');
  });
  app.addHook('preValidation', (request, reply, done) => {
    if (request.method !== 'POST' || Buffer.isBuffer(request.body)) return done();
    // Without a body no parser was asked, whatever its type.
    if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) return refuseType(reply);
    request.body = Buffer.alloc(0);
    done();
  });
}

/** Answers 415. */
export function refuseType(reply: FastifyReply, detail = 'the body must be application/json'): void {
  sendProblem(reply, { status: 415, title: 'Unsupported Media Type', detail });
}
