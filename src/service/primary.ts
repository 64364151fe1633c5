import cluster from 'node:cluster';

/** What a worker tells its primary: where it listens, or that it takes nothing new and will end. */
export type Word = { readonly address: string } | 'draining';

/** Tells it to the process that started this one; to nobody where none did. */
export function tellPrimary(word: Word): void {
  // A primary that dies meanwhile is told of by the end of the connection to it.
  if (cluster.worker?.isConnected()) cluster.worker.send(word, () => {});
}
