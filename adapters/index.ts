import type { Adapters } from './adapter.ts';
import { mongo } from './mongo.ts';
import { rest } from './rest.ts';
import { s3 } from './s3.ts';

/** The kinds of datastore codap can read, by the name a configuration gives them. */
export const adapters: Adapters = { mongo, s3, rest };
