import { createRequire } from 'node:module';
import type { Db, Long, RunCommandOptions } from 'mongodb';

/** A command of the driver's, on its way. */
interface Operation {
  /** Who was asked, once it is answered. */
  readonly server?: object;
}
/** A namespace of the driver's. */
interface Namespace {
  withCollection(name: string): Namespace;
}

// What `db.command` and the driver's own cursors do, which tell nobody who has answered.
const require = createRequire(import.meta.url);
const { executeOperation } = require('mongodb/lib/operations/execute_operation.js') as {
  readonly executeOperation: (client: unknown, operation: Operation) => Promise<unknown>;
};
const { RunCommandOperation } = require('mongodb/lib/operations/run_command.js') as {
  RunCommandOperation: new (of: Namespace, command: object, options: RunCommandOptions) => Operation;
};
const { KillCursorsOperation } = require('mongodb/lib/operations/kill_cursors.js') as {
  KillCursorsOperation: new (id: Long, of: Namespace, server: object | undefined, options: object) => Operation;
};

/** A command for a database, to be sent. */
export function commandFor(db: Db, command: object, options: RunCommandOptions): Operation {
  return new RunCommandOperation(namespaceOf(db), command, options);
}

/** Sends a command, and answers its reply. */
export function sendCommand(db: Db, command: Operation): Promise<Record<string, unknown>> {
  return executeOperation(db.client, command) as Promise<Record<string, unknown>>;
}

/** Ends a cursor where it is open: at the server that has answered the command that opened it. */
export async function killCursor(db: Db, collection: string, id: Long, server?: object): Promise<void> {
  const of = namespaceOf(db).withCollection(collection);
  await executeOperation(db.client, new KillCursorsOperation(id, of, server, {}));
}

function namespaceOf(db: Db): Namespace {
  return (db as unknown as { readonly s: { readonly namespace: Namespace } }).s.namespace;
}
