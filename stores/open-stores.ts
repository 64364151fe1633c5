import { engineAnswers, startComposeStores } from './compose-stores.ts';
import { type PreferredPorts, startRealStores } from './real-stores.ts';
import type { Stores } from './stores.ts';

/** Real stores, empty: in containers where an engine answers, else in processes of this machine. */
export async function openStores(ports?: PreferredPorts): Promise<Stores> {
  return (await engineAnswers()) ? startComposeStores(ports) : startRealStores(ports);
}
