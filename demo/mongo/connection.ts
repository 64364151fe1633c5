import type { Socket } from 'node:net';
import type { Document } from 'bson';
import type { Fault, Faults } from '../faults.ts';
import type { Server } from './command.ts';
import { COMMANDS, HOUSEKEEPING } from './commands.ts';
import { deliver } from './deliver.ts';
import { CODE, failureReply, MongoFailure } from './failure.ts';
import { checkLogin } from './login.ts';
import { Request, type Session } from './request.ts';
import { suffer } from './suffer.ts';
import type { Tally } from './tally.ts';
import { encodeReply, framer, type Message } from './wire.ts';

/** Serves one client until it leaves; its cursors and its running commands end with it. */
export function serve(socket: Socket, server: Server, tally: Tally, faults?: Faults): void {
  const session: Session = { authenticated: server.scram === undefined };
  const gone = new AbortController();
  const messagesIn = framer();

  async function answer(message: Message): Promise<void> {
    const request = new Request(message, session);
    const fault = HOUSEKEEPING.has(request.name) ? undefined : faults?.next('mongo', request.operation);
    await tally.during(request.name, gone.signal, async () => {
      const reply = await run(request, fault);
      if (message.silent || gone.signal.aborted) return;
      await deliver(socket, encodeReply(message, reply), fault, gone.signal);
    });
  }

  async function run(request: Request, fault: Fault | undefined): Promise<Document | Uint8Array> {
    try {
      const command = COMMANDS.get(request.name);
      if (!command) throw new MongoFailure(CODE.CommandNotFound, `no such command: '${request.name}'`);
      checkLogin(request.name, session.authenticated);
      if (fault) await suffer(fault, request.maxTimeMs, gone.signal);
      return command(request, server);
    } catch (error) {
      return failureReply(error);
    }
  }

  tally.connections += 1;
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    try {
      // What is no message, or no command, ends the connection: as on mongod there is nobody left to answer.
      for (const message of messagesIn(chunk)) answer(message).catch(() => socket.destroy());
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    tally.connections -= 1;
    gone.abort();
    server.cursors.closeAll(session);
  });
}
