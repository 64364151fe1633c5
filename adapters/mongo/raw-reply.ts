import type { Db, RunCommandOptions } from 'mongodb';
import { toBuffer } from './bson-reader.ts';

/** What a cursor of the driver's does before it reads: it runs its command, and has the reply as it came. */
interface Started {
  readonly cursorOptions: { signal?: AbortSignal };
  _initialize(session: undefined): Promise<{ readonly response: { toBytes(): Uint8Array } }>;
}

/**
 * The bytes of a command's reply. `db.command` gives only documents as bytes: it reads the members of a list,
 * and a date beyond JavaScript's, the place of a key that looks like an integer and the old types are lost by
 * then.
 */
export async function rawReply(db: Db, command: object, options: RunCommandOptions): Promise<Buffer> {
  const { signal, ...others } = options;
  const cursor = db.runCursorCommand(command, others);
  const started = cursor as unknown as Started;
  if (signal) started.cursorOptions.signal = signal;
  try {
    const { response } = await started._initialize(undefined);
    return toBuffer(response.toBytes());
  } finally {
    await cursor.close();
  }
}
