import type { Document } from 'bson';
import type { Cursors } from './cursors.ts';
import type { Request } from './request.ts';
import type { Scram } from './scram.ts';
import type { Store } from './store.ts';

/** What commands work on. Without `scram` everyone may do everything. */
export interface Server {
  readonly store: Store;
  readonly cursors: Cursors;
  readonly scram?: Scram;
}

/** Answers one command, as a document or as its bytes; throws MongoFailure, or what mingo throws. */
export type Command = (request: Request, server: Server) => Document | Uint8Array;
