import type { ClientSession, MongoClient } from 'mongodb';

/**
 * The sessions that commands are sent in: one command at a time in each, again and again. The driver by
 * itself makes one for each command, and another when it has ended, which costs about a tenth of what a small
 * command does.
 */
export class Sessions {
  readonly #client: MongoClient;
  readonly #idle: ClientSession[] = [];
  #areHeld = false;

  /** Before the client connects. */
  constructor(client: MongoClient) {
    this.#client = client;
    client.on('topologyDescriptionChanged', ({ newDescription: { type, logicalSessionTimeoutMinutes } }) => {
      // Behind a load balancer one that is not ended keeps its connection.
      this.#areHeld = logicalSessionTimeoutMinutes !== null && type !== 'LoadBalanced';
    });
  }

  /** One that nobody uses; undefined where the store has none, or each has to be ended. */
  take(): ClientSession | undefined {
    if (!this.#areHeld) return undefined;
    // With causal consistency, each command would wait for what the one before it has seen.
    return this.#idle.pop() ?? this.#client.startSession({ causalConsistency: false });
  }

  /** Its command was answered. */
  release(session: ClientSession): void {
    this.#idle.push(session);
  }

  /** Its command has failed: what has become of it in the store is not known. */
  end(session: ClientSession): void {
    session.endSession().catch(() => undefined);
  }
}
