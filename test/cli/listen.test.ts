import dns from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StartFault } from '../../src/cli/start-fault.ts';
import { listen, listenOnce, type Where } from '../../src/cli/listen.ts';

const WHERE = { host: '127.0.0.1', port: 0 };

describe('listening', () => {
  it.runIf(process.platform === 'linux')('takes many connections in a turn of the event loop', async () => {
    const app = Fastify();
    const { address } = await listen(app, WHERE);
    let taken = 0;
    app.server.on('connection', () => (taken += 1));
    const sockets = Array.from({ length: 64 }, () => connect(Number(new URL(address).port), '127.0.0.1'));
    let turns = 0;
    for (; taken < sockets.length; turns += 1) await turn();
    // One a turn takes 64; among sixteen listeners they are spread by chance.
    expect(turns).toBeLessThan(40);
    for (const socket of sockets) socket.destroy();
    await app.close();
  });

  it('answers on every connection it takes, and on none once it is closed', async () => {
    const app = Fastify();
    app.get('/', () => 'here');
    const { address } = await listen(app, WHERE);
    const answers = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(address)).text()));
    expect(new Set(answers)).toEqual(new Set(['here']));
    await app.close();
    const socket: Socket = connect(Number(new URL(address).port), '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  describe.runIf(process.platform === 'linux').each([
    ['the service', (app: FastifyInstance, where: Where) => listen(app, where)],
    ['metrics', (app: FastifyInstance, where: Where) => listenOnce(app, where, 'Metrics', 'server.metricsPort')],
  ])('for %s', (_what, start) => {
    const both = ['127.0.0.1', '127.0.0.2'];
    const found = both.map((address) => ({ address, family: 4 }));
    afterEach(() => vi.restoreAllMocks());

    it('has the connections of all addresses of localhost taken by the one server', async () => {
      vi.spyOn(dns.promises, 'lookup').mockResolvedValue(found as never);
      const real = dns.lookup as (...said: unknown[]) => void;
      const fake = (host: string, how: dns.LookupOptions, tell: (...said: unknown[]) => void): void => {
        if (host !== 'localhost') real(host, how, tell);
        else if (how.all) tell(null, found);
        else tell(null, both[0], 4);
      };
      vi.spyOn(dns, 'lookup').mockImplementation(fake as never);
      const app = Fastify();
      app.server.removeAllListeners('request').on('request', (_request, response) => response.end('the one'));
      await start(app, { ...WHERE, host: 'localhost' });
      const [{ port }] = app.addresses() as [AddressInfo];
      const answers = both.map(async (address) => (await fetch(`http://${address}:${port}`)).text());
      expect(await Promise.all(answers)).toEqual(['the one', 'the one']);
      await app.close();
    });
  });

  it.runIf(process.platform === 'linux').each([
    ['127.0.0.1', '127.0.0.1', /the port is in use/],
    ['127.0.0.1', '0.0.0.0', /the port is in use/],
    ['127.0.0.1', 'localhost', /the port is in use/],
    ['127.0.0.1', '::', /the port is in use/],
    ['127.0.0.2', '0.0.0.0', /the port is in use/],
    ['127.0.0.2', '::', /the port is in use/],
    ['0.0.0.0', '127.0.0.2', /the port is in use/],
    // One for documentation (RFC 5737).
    ['127.0.0.1', '192.0.2.1', /this machine has no such address/],
  ])('does not share the port of another codap at %s, and says what keeps it from %s', async (first, host, told) => {
    const [app, other] = [Fastify(), Fastify()];
    const { port } = new URL((await listen(app, { ...WHERE, host: first })).address);
    const second = listen(other, { host, port: Number(port) });
    await expect(second).rejects.toThrow(StartFault);
    await expect(second).rejects.toThrow(told);
    await Promise.all([app.close(), other.close()]);
  });

  it.runIf(process.platform === 'linux')(
    'listens on the port that another has at an address beside its own',
    async () => {
      const [app, other] = [Fastify(), Fastify()];
      const { port } = new URL((await listen(app, { ...WHERE, host: '127.0.0.2' })).address);
      expect((await listen(other, { host: '127.0.0.1', port: Number(port) })).address).toBe(`http://127.0.0.1:${port}`);
      await Promise.all([app.close(), other.close()]);
    },
  );

  it.each(['127.0.0.1', '0.0.0.0', 'localhost'])(
    'takes connections of %s from the moment it listens there: none is closed again',
    async (host) => {
      const unused = createServer().listen(0);
      const { port } = unused.address() as AddressInfo;
      unused.close();
      await once(unused, 'close');
      const listens = vi.spyOn(Server.prototype, 'listen');
      const app = Fastify();
      await listen(app, { host, port });
      const closed = listens.mock.contexts.filter((server) => !(server as Server).listening);
      const asked = closed.map((server) => listens.mock.calls[listens.mock.contexts.indexOf(server)]);
      listens.mockRestore();
      await app.close();
      expect(asked).not.toContainEqual([expect.objectContaining({ port })]);
    },
  );
});
