import {
  type CallToolResult,
  createMcpHandler,
  isLegacyRequest,
  type JSONRPCErrorResponse,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { version } from '../version.ts';
import type { Tool } from './tools.ts';

const UNSUPPORTED: number = ProtocolErrorCode.UnsupportedProtocolVersion;

/** What a tool answers: text for the agent, and whether it tells of a fault. */
export interface ToolText {
  readonly text: string;
  readonly isError: boolean;
}

/** Calls one of the tools that are offered, by its name. */
export type CallTool = (name: string) => Promise<ToolText>;

/**
 * Answers one message of the Model Context Protocol, in the protocol's version that it names: `parsedBody` is
 * the message, the headers and the signal are those of the request. Nothing is kept between two messages.
 */
export type Answers = (request: Request, parsedBody: unknown, call: CallTool) => Promise<Response>;

/** Offers these tools to agents: there are no others. */
export function mcpAnswers(tools: readonly Tool[]): Answers {
  const serverInfo = { name: 'codap', version: version() };
  const serverFor = (call: CallTool): Server => {
    const server = new Server(serverInfo, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({ tools: [...tools] }));
    server.setRequestHandler('tools/call', async ({ params: { name } }): Promise<CallToolResult> => {
      const names = tools.map((tool) => tool.name);
      const there = names.join(', ') || 'none';
      if (!names.includes(name))
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `unknown tool; there are: ${there}`);
      const { text, isError } = await call(name);
      return { content: [{ type: 'text', text }], ...(isError && { isError }) };
    });
    return server;
  };
  return async (request, parsedBody, call) => {
    if (!(await isLegacyRequest(request, parsedBody))) {
      // Nothing that it offers changes while it runs: there is nothing to subscribe to.
      const handler = createMcpHandler(() => serverFor(call), { legacy: 'reject', maxSubscriptions: 0 });
      return tellingOlder(await handler.fetch(request, { parsedBody }));
    }
    const server = serverFor(call);
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    try {
      return await transport.handleRequest(request, { parsedBody });
    } finally {
      await server.close();
    }
  };
}

/**
 * An answer that, where it says that a version is not supported, lists those too that begin with `initialize`
 * (Versioning §2): a client that knows these, and beside them later ones alone, would give up.
 */
async function tellingOlder(answer: Response): Promise<Response> {
  if (answer.status !== 400) return answer;
  const told = (await answer.json()) as JSONRPCErrorResponse;
  const { code, data } = told.error;
  if (code === UNSUPPORTED) {
    const { supported, requested } = data as { readonly supported: string[]; readonly requested: string };
    // Who names one of them without that would only name it again.
    if (!SUPPORTED_PROTOCOL_VERSIONS.includes(requested)) supported.push(...SUPPORTED_PROTOCOL_VERSIONS);
  }
  return new Response(JSON.stringify(told), answer);
}
