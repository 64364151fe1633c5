import { PROBLEM } from '../encodings/media-types.ts';
import { anyObject, type JsonSchema, object, ref, text } from './schema-of.ts';
import { answers, anywhere, bare, batchFaults, json } from './responses.ts';

const jsonrpc: JsonSchema = { const: '2.0' };
const message = object({ jsonrpc });

const id: JsonSchema = { type: ['string', 'integer'] };
/** A request or notification, or what answers one (JSON-RPC 2.0 §4, §5). */
const sent: JsonSchema = {
  anyOf: [
    object({ jsonrpc, id, method: text, params: anyObject }, ['jsonrpc', 'method']),
    object({ jsonrpc, id, result: anyObject }),
    object({ jsonrpc, id, error: anyObject }, ['jsonrpc', 'error']),
  ],
};

/** The path where agents ask. */
export const mcpPaths: Record<string, JsonSchema> = {
  '/mcp': {
    post: {
      operationId: 'mcp',
      summary: 'A message of the Model Context Protocol (Streamable HTTP, without sessions).',
      tags: ['agents'],
      requestBody: { required: true, content: { 'application/json': { schema: sent } } },
      responses: {
        '200': json('The answer, as JSON-RPC 2.0; faults of a tool are text for the agent.', message),
        '202': bare('A notification was taken.'),
        ...anywhere,
        '400': answers('It is no message, or none that is taken here: an error of JSON-RPC. Or the URL is not valid.', {
          'application/json': { schema: message },
          [PROBLEM]: { schema: ref('Problem') },
        }),
        '403': { $ref: '#/components/responses/Forbidden' },
        '404': json('There is no such method: an error of JSON-RPC.', message),
        '406': json('`Accept` does not take both application/json and text/event-stream.', message),
        '413': batchFaults['413'],
        '415': batchFaults['415'],
        '500': batchFaults['500'],
        '503': batchFaults['503'],
      },
    },
  },
};
