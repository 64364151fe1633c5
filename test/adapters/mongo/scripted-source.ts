import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import { type Script, startScriptedMongo, type Way } from '../../scripted-mongo.ts';
import { source } from './checked.ts';

/** A source that is open, of a store that answers by a script. */
export type ScriptedSource = Awaited<ReturnType<typeof openScripted>>;

/** Starts a store that answers by a script, and opens a source of it. */
export async function openScripted(script: Script, own: Partial<MongoOptions> = {}, greeting: object = {}, way?: Way) {
  const store = await startScriptedMongo(script, greeting, way);
  const options = source({ url: store.url, collections: ['c'], ...own });
  const connection = await mongo.open(options);
  return {
    store,
    options,
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await store.close();
    },
  };
}
