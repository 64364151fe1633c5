import type { FastifyReply } from 'fastify';
import type { Plan } from '../../batch/plan/node.ts';
import { Answer } from '../../batch/run/answer.ts';
import type { Running } from '../../batch/run/run.ts';
import { NotAcceptable, type Encoded, type EncodedBody, type Encoding } from '../../encodings/encoding.ts';
import { isOfOneObject } from '../../encodings/raw.ts';
import { cacheable, type Caching } from './caching.ts';
import { codingFor } from './compression.ts';
import { cutAnswer } from './cut-connection.ts';
import { Outlet } from './outlet.ts';
import { isAnother, isKnown } from './preconditions.ts';
import { sendChanged, sendNotAcceptable } from './problem.ts';
import { sendFailed } from './send-failed.ts';
import { sendText, writeSlices, type Sending } from './send-text.ts';

type FlowingBody = Exclude<EncodedBody, { kind: 'text' }>;

/**
 * Answers a batch under way; resolves once the answer is on its way or has been handed over. `caching` tells
 * how others may keep it, if at all.
 */
export async function sendAnswer(
  running: Running,
  plan: Plan,
  encoding: Encoding,
  reply: FastifyReply,
  caching?: Caching,
): Promise<void> {
  const { batch, root, started } = running;
  let encoded: Encoded | undefined;
  try {
    encoded = await encoding.encode(new Answer(running), plan);
    if (!encoded) return sendFailed(batch, reply, root.settled?.ms ?? performance.now() - started);
    const { status = 200, headers, body } = encoded;
    if (caching && status < 300) {
      const asked = reply.request.headers;
      if (isAnother(asked, headers)) return sendChanged(reply);
      const etag = await cacheable(reply, encoding, encoded, root.settled?.list, caching, batch);
      const stored = isOfOneObject(plan.root) ? headers : {};
      if (isKnown(asked, etag === undefined ? stored : { etag })) return sendUnchanged(reply, encoded);
    }
    const sending = { idleMs: batch.options.limits.streamIdleMs, work: batch.work };
    reply.code(status).headers(headers);
    await (body.kind === 'text' ? sendText(reply, body.text, sending) : sendFlow(reply, body, sending));
  } catch (cause) {
    batch.cancel();
    if (cause instanceof NotAcceptable) return sendNotAcceptable(reply, cause.message);
    batch.failWriting(cause);
    if (!reply.sent) return sendFailed(batch, reply, performance.now() - started);
    // What has been sent cannot be taken back: only a broken connection tells that it is not the whole.
    cutAnswer(reply.raw);
  } finally {
    // A text is there once every reply is; whatever else was sent may have left something open.
    if (encoded?.body.kind !== 'text') batch.cancel();
  }
}

/** The client has the answer already: of what it has, codap says no more than that (RFC 9110 §15.4.5). */
function sendUnchanged(reply: FastifyReply, { headers, body }: Encoded): void {
  const { 'content-type': _type, 'content-length': _length, 'content-range': _range, ...others } = headers;
  // For what it says of `Vary`, which is that of the whole answer.
  if (body.kind !== 'bytes') codingFor(reply);
  reply.code(304).headers(others).send();
}

/** What flows is written as fast as the client takes it. Throws what broke it, the connection cut. */
async function sendFlow(reply: FastifyReply, body: FlowingBody, sending: Sending): Promise<void> {
  const coding = body.kind === 'frames' ? codingFor(reply) : undefined;
  if (coding) reply.header('content-encoding', coding);
  // To a HEAD nobody reads more; what is open is closed with the batch.
  if (reply.request.method === 'HEAD') return void reply.send();
  const outlet = new Outlet(reply, sending.idleMs, coding);
  const { text = '', ms } = (body.kind === 'frames' && body.heartbeat) || {};
  let isWithin = false;
  const beat = (): void => {
    if (!isWithin) outlet.writeFrame(text)?.catch(() => {});
  };
  const heart = ms === undefined ? undefined : setInterval(beat, ms);
  try {
    for await (const piece of body.kind === 'frames' ? body.frames : body.pieces) {
      if (outlet.gone) return;
      if (typeof piece === 'string' || piece instanceof Uint8Array) {
        const room = typeof piece === 'string' ? outlet.writeFrame(piece) : outlet.write(piece);
        if (room) await room;
        continue;
      }
      isWithin = true;
      await writeSlices(outlet, piece, sending.work);
      isWithin = false;
    }
    await outlet.end();
  } catch (error) {
    outlet.destroy();
    throw error;
  } finally {
    clearInterval(heart);
  }
}
