import { expect, it } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import { startScriptedMongo } from '../../scripted-mongo.ts';
import { failed } from '../failed.ts';
import { source } from './checked.ts';

it.each([
  ['secondary', undefined],
  ['secondaryPreferred', undefined],
  ['nearest', undefined],
  ['primary', 'UNAVAILABLE'],
])('a ping of secondaries alone, with the read preference %s, ends as their queries do: %s', async (mode, code) => {
  const greeting: Record<string, unknown> = { setName: 'rs', isWritablePrimary: false, secondary: true };
  const store = await startScriptedMongo(() => [], greeting);
  greeting['hosts'] = [new URL(store.url).host];
  const url = `${store.url}/?replicaSet=rs&readPreference=${mode}`;
  const connection = await mongo.open(source({ url, collections: ['c'], timeoutMs: 200 }));
  const ping = connection.ping(AbortSignal.timeout(2000));
  if (code) expect(await failed(ping)).toMatchObject({ code });
  else await expect(ping).resolves.toBeUndefined();
  await connection[Symbol.asyncDispose]();
  await store.close();
});

it.each([
  ['older than the driver takes', { minWireVersion: 0, maxWireVersion: 7 }, ''],
  ['newer than it takes', { minWireVersion: 90, maxWireVersion: 99 }, ''],
  ['not behind a load balancer, as its connection string says', {}, '/?loadBalanced=true'],
])('a store that is %s is not asked again', async (_, greeting, rest) => {
  const store = await startScriptedMongo(() => [], greeting);
  const connection = await mongo.open(source({ url: store.url + rest, collections: ['c'], timeoutMs: 200 }));
  const error = await failed(connection.ping(AbortSignal.timeout(2000)));
  expect(error).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
  await connection[Symbol.asyncDispose]();
  await store.close();
});
