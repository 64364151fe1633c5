import type { Problem, RunEvent, Sending } from '../answer/node.ts';

/** A file that is on its way. */
export class Download {
  /** What was asked, to ask it again. */
  readonly sending: Sending;
  readonly began = performance.now();
  filename: string | undefined;
  bytes = 0;
  total: number | undefined;
  state: 'coming' | 'there' | 'incomplete' | 'stopped' | 'cut' | 'unreachable' | 'refused' = 'coming';
  problem: Problem | undefined;
  /** Whether what it lacks, if anything, can be told only by looking into it. */
  isOpaque = false;

  constructor(sending: Sending) {
    this.sending = sending;
  }

  /** Takes in what came; a file that is whole is handed to the browser. */
  hear(said: RunEvent): void {
    if (said.event === 'progress') {
      this.bytes = said.bytes;
      this.total = said.total;
      this.filename = said.filename;
    } else if (said.event === 'problem') {
      this.problem = said.problem;
      this.state = 'refused';
    } else if (said.event === 'blob') {
      this.state = said.complete === false ? 'incomplete' : 'there';
      this.isOpaque = said.complete === undefined;
      handOver(said.blob, said.filename);
    } else if (said.event === 'over' && (said.why === 'stopped' || said.why === 'cut' || said.why === 'unreachable')) {
      this.state = said.why;
    }
  }
}

/** Has the browser save a file. */
function handOver(blob: Blob, filename: string): void {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: address, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
