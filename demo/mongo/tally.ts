import { COMMANDS } from './commands.ts';

/** What a server has to do and has done. */
export interface MongoStats {
  /** Open now. */
  connections: number;
  /** Commands that are not answered yet. */
  running: number;
  /** Open now. */
  cursors: number;
  /** Commands received so far, by name. */
  commands: Record<string, number>;
  /** Commands whose client left before they were answered. */
  cancelled: number;
}

/** Counts for a server's statistics. */
export class Tally {
  connections = 0;
  #cancelled = 0;
  #running = 0;
  readonly #commands = new Map<string, number>();

  /**
   * Counts a command as running until it is answered, and as cancelled if its client, whose end aborts
   * `gone`, left before.
   */
  async during(command: string, gone: AbortSignal, run: () => Promise<void>): Promise<void> {
    // Names come from clients: only those that mean something may take up room.
    if (COMMANDS.has(command)) this.#commands.set(command, (this.#commands.get(command) ?? 0) + 1);
    this.#running += 1;
    try {
      await run();
    } finally {
      this.#running -= 1;
      if (gone.aborted) this.#cancelled += 1;
    }
  }

  read(cursors: number): MongoStats {
    return {
      connections: this.connections,
      running: this.#running,
      cursors,
      commands: Object.fromEntries(this.#commands),
      cancelled: this.#cancelled,
    };
  }
}
