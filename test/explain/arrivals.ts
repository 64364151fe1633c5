import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { deserialize } from 'bson';
import { framer } from '../../demo/mongo/wire.ts';
import { writeJson } from '../../src/json/write.ts';

/** A call as it has arrived at a store, in the form in which it can be compared with what was told. */
export interface Arrival {
  readonly adapter: 'rest' | 's3' | 'mongo';
  readonly request: unknown;
}

/** What protocol, driver and SDK add to every request; nobody tells of it. */
const OWN = {
  rest: /^(?:host|connection|content-length)$/,
  s3: /^(?:host|connection|user-agent|authorization|x-amz-(?:date|content-sha256|user-agent)|amz-sdk-.*)$/,
  mongo: /^(?:\$.*|lsid|maxTimeMS)$/,
};

/** Values of headers that are told by name alone, by what is told in their place. */
export type Hidden = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A request to a REST store. */
export function restArrival(
  { method, url = '', headers }: IncomingMessage,
  body: Buffer,
  hidden: Hidden = {},
): Arrival {
  const told = Object.entries(headers).filter(([name]) => !OWN.rest.test(name));
  const shown = told.map(([name, value]) => {
    const by = Object.keys(hidden).find((one) => hidden[one]?.[name] === value);
    return [name, by ?? value] as const;
  });
  const isJson = headers['content-type'] === 'application/json';
  return {
    adapter: 'rest',
    request: {
      method,
      ...target(url),
      headers: Object.fromEntries(shown),
      ...(method === 'POST' && { body: isJson ? (JSON.parse(String(body)) as unknown) : String(body) }),
    },
  };
}

/** A request to an S3 store, by path-style address. */
export function s3Arrival({ method, url = '', headers }: IncomingMessage): Arrival {
  const { path, query } = target(url);
  const [, , ...key] = path.split('/');
  const fields = Object.fromEntries(query.map((pair) => pair.map(decodeURIComponent)));
  const { 'x-id': id, ...others } = fields as Record<string, string>;
  return {
    adapter: 's3',
    request: {
      operation: id ?? (method === 'HEAD' ? 'HeadObject' : 'ListObjectsV2'),
      method,
      ...(key.join('') !== '' && { key: decodeURIComponent(key.join('/')) }),
      ...(Object.keys(others).length > 0 && { query: others }),
      ...nonEmpty(
        'headers',
        Object.entries(headers).filter(([name]) => !OWN.s3.test(name)),
      ),
    },
  };
}

/** A command to a MongoDB. */
export function mongoArrival(bytes: Uint8Array): Arrival {
  const command = deserialize(bytes, { promoteValues: false, bsonRegExp: true });
  const told = Object.entries(command).filter(([name]) => !OWN.mongo.test(name));
  return { adapter: 'mongo', request: { command: JSON.parse(writeJson(Object.fromEntries(told))) as unknown } };
}

function nonEmpty(name: string, entries: [string, unknown][]): object {
  return entries.length > 0 ? { [name]: Object.fromEntries(entries) } : {};
}

/** The path, and the pairs of the query, of a request's target; both as they are written. */
export function target(url: string): { path: string; query: string[][] } {
  const [path = '', query = ''] = url.split('?');
  return { path, query: query === '' ? [] : query.split('&').map((pair) => pair.split('=')) };
}

/** A place that is asked instead of a store. */
export interface Asked {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers HTTP, once each request is whole. */
export function http(
  answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<Asked> {
  const server = createServer((request, response) => {
    buffer(request).then(
      (body) => answer(request, body, response),
      () => response.destroy(),
    );
  });
  return listening(server, () => server.closeAllConnections());
}

/** Hands an HTTP request on to where a store listens. */
export function handOn(port: number): Parameters<typeof http>[0] {
  return ({ method, url, headers }, body, response) => {
    const onward = ask({ port, method, path: url, headers, host: '127.0.0.1' }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  };
}

const ASKING = new Set(['find', 'aggregate', 'distinct', 'getMore']);

/** Hands on to a MongoDB whatever comes; `hear` gets each command that asks for data. */
export function mongoBefore(port: number, hear: (command: Uint8Array) => void): Promise<Asked> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    const onward = connect(port, '127.0.0.1');
    const messages = framer();
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on('error', () => one.destroy()).once('close', () => [socket, onward].forEach((other) => other.destroy()));
    }
    socket.on('data', (chunk) => {
      for (const { body } of messages(chunk)) if (ASKING.has(nameOf(body))) hear(body);
    });
    socket.pipe(onward).pipe(socket);
  });
  return listening(server, () => sockets.forEach((socket) => socket.destroy()));
}

function nameOf(command: Uint8Array): string {
  return Buffer.from(command).toString('utf8', 5, command.indexOf(0, 5));
}

async function listening(server: Server, closeAll: () => void): Promise<Asked> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      closeAll();
      await once(server, 'close');
    },
  };
}
