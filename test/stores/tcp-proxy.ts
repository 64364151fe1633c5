import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire to a server that can be cut. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /**
   * The next connections, so many, are reset once the server has sent so many bytes through them in one
   * answer.
   */
  resetAfter(bytes: number, times: number): void;
  /** How many were reset so far. */
  readonly resets: number;
  /** How many connections are open. */
  readonly connections: number;
}

/** Starts one before a port of 127.0.0.1. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const plan = { bytes: 0, left: 0, resets: 0 };
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    let sent = 0;
    near.on('data', (chunk) => {
      sent = 0;
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      sent += chunk.length;
      if (plan.left > 0 && sent >= plan.bytes) {
        plan.left -= 1;
        plan.resets += 1;
        near.resetAndDestroy();
        return;
      }
      if (!near.write(chunk)) {
        far.pause();
        near.once('drain', () => far.resume());
      }
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    resetAfter: (bytes, times) => void Object.assign(plan, { bytes, left: times }),
    get resets() {
      return plan.resets;
    },
    get connections() {
      return sockets.size / 2;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
