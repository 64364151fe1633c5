import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PromptConnection } from '../../../adapters/mongo/prompt-connection.ts';

const AS_IT_IS = { agreedCompressor: 'none' };

let server: Server;
let far: Socket;
let connection: PromptConnection;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [far] = (await once(server, 'connection')) as [Socket];
  connection = new PromptConnection(near, {});
});

afterEach(() => {
  connection.cleanup(new Error('the test is over'));
  far.destroy();
  server.close();
});

/** A command, whose bytes are there once they are made: to compress them takes a while. */
function commandOf(bytes: number) {
  const making = Promise.withResolvers<Buffer[]>();
  return { command: { toBin: () => making.promise }, make: () => making.resolve([Buffer.alloc(bytes)]) };
}

describe('a connection that its store ends', () => {
  it('is over at once', async () => {
    far.end();
    await once(connection, 'close');
    expect(connection.error).toBeInstanceOf(MongoNetworkError);
  });

  it.each([
    ['is made ready to be sent', 1, false],
    ['waits until it is sent', 2 ** 25, true],
  ])('fails a command that %s', async (_when, bytes, isMade) => {
    far.pause();
    const { command, make } = commandOf(bytes);
    const writing = expect(connection.writeCommand(command, AS_IT_IS)).rejects.toBeInstanceOf(MongoNetworkError);
    if (isMade) make();
    far.end();
    await once(connection, 'close');
    make();
    await writing;
  });

  it('fails nothing that was written before, and hears of no more', async () => {
    const hearing = connection.listenerCount('close');
    const { command, make } = commandOf(1);
    make();
    await connection.writeCommand(command, AS_IT_IS);
    expect(connection.listenerCount('close')).toBe(hearing);
    far.end();
    await once(connection, 'close');
  });
});
