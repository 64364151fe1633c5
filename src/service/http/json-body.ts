import type { Readable } from 'node:stream';
import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Memory } from '../../budget/memory.ts';
import { askForBody } from './expectations.ts';
import { sendProblem } from './problem.ts';
import { whenClosed } from '../../ground/when-closed.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A request without a body, and without a type of one, asks what `{}` asks. */
    isBodyOptional?: boolean;
  }
  interface FastifyRequest {
    /** What its body holds, until its answer has left. */
    held: Memory | undefined;
  }
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/**
 * Hands an `application/json` body on as the bytes it came as (`request.body` of a POST is a Buffer);
 * anything else is a 415. Its bytes are counted as they arrive, and until the answer has left.
 */
export function acceptJsonBytes(app: FastifyInstance, memory: Memory): void {
  app.decorateRequest('held', undefined);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest, payload: Readable) => {
    const length = Number(request.headers['content-length'] ?? 0);
    const most = request.routeOptions.bodyLimit;
    if (length > most) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
    askForBody(request.raw);
    return read(payload, most, (bytes) => {
      try {
        (request.held as Memory).hold(bytes);
      } catch (error) {
        request.server.metrics.refused.add('memory');
        throw error;
      }
    });
  });
  app.addHook('onRequest', (request, reply, done) => {
    // Of all other requests no body is read.
    if (request.method !== 'POST') return done();
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity')
      return refuseType(reply, 'the body may not be compressed');
    const part = memory.part();
    request.held = part;
    whenClosed(reply.raw, () => part.close());
    done();
  });
  app.addHook('preValidation', (request, reply, done) => {
    if (request.method !== 'POST' || Buffer.isBuffer(request.body)) return done();
    // Without a body no parser was asked, whatever its type.
    const type = request.headers['content-type'];
    if (type === undefined) {
      if (!request.routeOptions.config.isBodyOptional)
        return refuseType(reply, 'a body is missing; it must be application/json');
      request.body = Buffer.from('{}');
    } else {
      if (!JSON_TYPE.test(type)) return refuseType(reply);
      request.body = Buffer.alloc(0);
    }
    done();
  });
}

function read(payload: Readable, most: number, hold: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: unknown): void => {
      payload.off('data', add);
      chunks.length = 0;
      reject(error);
    };
    const add = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > most) return fail(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
      try {
        hold(chunk.length);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
    };
    payload.on('data', add);
    payload.once('end', () => resolve(Buffer.concat(chunks)));
    payload.once('error', fail);
    payload.once('close', () => {
      if (!payload.readableEnded) fail(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
    });
  });
}

/** Answers 415. */
export function refuseType(reply: FastifyReply, detail = 'the body must be application/json'): void {
  sendProblem(reply, { status: 415, detail });
}
