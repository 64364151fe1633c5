import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** What a client was answered by a tool. */
export interface Called {
  text: string;
  isError: boolean;
}

/** An agent's client, connected. */
export interface Agent {
  readonly version: string | undefined;
  list(): Promise<{ name: string; description?: string; inputSchema: object; annotations?: object }[]>;
  call(name: string, given?: Record<string, unknown>, signal?: AbortSignal): Promise<Called>;
  close(): Promise<void>;
}

const me = { name: 'test', version: '1' };

/** The clients of the protocol's own TypeScript SDK, by what they speak. */
export const AGENTS = {
  '2026-07-28': (url: string) => current(url, 'auto'),
  '2025-11-25': (url: string) => current(url, 'legacy'),
  'the first SDK': first,
};

type Result = { content: { text?: string }[]; isError?: boolean };

function called(result: unknown): Called {
  const { content, isError = false } = result as Result;
  return { text: content[0]?.text ?? '', isError };
}

async function current(url: string, mode: 'auto' | 'legacy'): Promise<Agent> {
  const client = new Client(me, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  return {
    version: client.getNegotiatedProtocolVersion(),
    list: async () => (await client.listTools()).tools,
    call: async (name, given = {}, signal) =>
      called(await client.callTool({ name, arguments: given }, signal && { signal })),
    close: () => client.close(),
  };
}

async function first(url: string): Promise<Agent> {
  const client = new FirstClient(me);
  const transport = new FirstTransport(new URL(`${url}/mcp`));
  await client.connect(transport);
  return {
    version: transport.protocolVersion,
    list: async () => (await client.listTools()).tools,
    call: async (name, given = {}, signal) =>
      called(await client.callTool({ name, arguments: given }, undefined, signal && { signal })),
    close: () => client.close(),
  };
}
