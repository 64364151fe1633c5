import type { Problem } from '../answer/node.ts';

/** A file that is on its way. */
export interface Download {
  readonly accept: string;
  bytes: number;
  total: number | undefined;
  state: 'coming' | 'there' | 'incomplete' | 'stopped' | 'broken';
  problem?: Problem;
}

/** Has the browser save a file. */
export function handOver(blob: Blob, filename: string): void {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: address, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
