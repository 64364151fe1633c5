import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallTool } from '../src/agents/mcp-handler.ts';
import { readMessage } from '../src/agents/read-message.ts';
import { toolsOf } from '../src/agents/tools.ts';
import { negotiating } from '../src/encodings/index.ts';
import { json } from '../src/encodings/json.ts';
import { sse } from '../src/encodings/sse.ts';
import { onceLoaded } from '../src/ground/once-loaded.ts';
import { perGrantOfLate } from '../src/callers/granted.ts';
import { receive } from '../src/service/batches/batch-exchange.ts';
import type { Service } from '../src/service/batches/service.ts';
import { type Calling, toolCalls } from '../src/service/batches/tool-calls.ts';
import type { Serves } from '../src/service/http/hosts.ts';
import { refuseOrigins } from '../src/service/http/origins.ts';
import { whenAborted } from '../src/ground/when-aborted.ts';

/** The headers of a request that the protocol looks at, but for `accept`. */
const HEADERS = ['content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id'];

/** What a client has to accept, in the versions of the protocol up to 2025-11-25 (Transports §2.1). */
const BOTH = [json, sse];

const accepted = negotiating(BOTH);

/**
 * `POST /mcp`: the Model Context Protocol over Streamable HTTP, without sessions. The saved batches that are
 * tools, and codap's own tools, as far as who asks may use them. `serves` tells which origins may ask;
 * without it any may.
 */
export function mcpRoute(
  app: FastifyInstance,
  service: Service,
  { serves, ...among }: Pick<Calling, 'describeSource'> & { readonly serves: Serves | undefined },
): void {
  const { config, sourcesFor, savedFor } = service;
  // The protocol is loaded with the first message: most services are asked by no agent.
  const answering = onceLoaded(async () => {
    const { mcpAnswers } = await import('../src/agents/mcp-handler.ts');
    return perGrantOfLate((caller) => {
      const runs = config.server.adhoc && caller.adhoc;
      return mcpAnswers(toolsOf(savedFor(caller).values(), sourcesFor(caller), runs));
    });
  });
  const onRequest = refuseOrigins(serves, config.server.corsOrigins);
  app.post('/mcp', { onRequest }, async (request, reply) => {
    const received = receive(service, request, reply);
    const { left, work } = received;
    const body = request.body as Buffer;
    const message = await work.do(readMessage(body, config.limits, work));
    if ('code' in message) return reply.code(400).send({ jsonrpc: '2.0', error: message, id: null });
    const call: CallTool = toolCalls({ ...among, service, received, given: message.given });
    const answersFor = await answering();
    const answers = answersFor(request.caller);
    const response = await answers(asRequest(request, left), message.envelope, call);
    reply.code(response.status).headers(Object.fromEntries(response.headers));
    // Of nothing it would say that it is text.
    return reply.send((await response.text()) || undefined);
  });
}

/** A request as the Fetch standard has it, without its body; it aborts when the client leaves. */
function asRequest({ headers }: FastifyRequest, left: AbortSignal): Request {
  // The standard takes no other signals than Node's own.
  const controller = new AbortController();
  whenAborted(left, () => controller.abort(left.reason));
  const named = HEADERS.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, String(headers[name])] as const],
  );
  // The SDK looks for the names alone: it knows neither ranges nor quality values.
  if (accepted(headers).length === BOTH.length)
    named.push(['accept', BOTH.map(({ mediaType }) => mediaType).join(', ')]);
  return new Request('http://localhost/mcp', {
    method: 'POST',
    headers: Object.fromEntries(named),
    signal: controller.signal,
  });
}
