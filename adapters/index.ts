import type { Adapter } from './adapter.ts';
import { mongo } from './mongo.ts';
import { rest } from './rest.ts';
import { s3 } from './s3.ts';

/** The kinds of datastore codap can read, by the name a configuration gives them. */
export const adapters: Readonly<Record<string, Adapter>> = { mongo, s3, rest };
