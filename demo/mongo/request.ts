import type { Document } from 'bson';
import { toQuery, toRaw, toTyped } from './bson.ts';
import { CODE, MongoFailure } from './failure.ts';
import type { Message } from './wire.ts';

/** What a connection has to remember between its commands. */
export interface Session {
  authenticated: boolean;
  /** A SCRAM conversation that waits for the client's proof. */
  login?: (payload: string) => string;
}

/** One command as a client sent it. */
export class Request {
  readonly name: string;
  readonly database: string;
  /** The whole command, for mingo to read. */
  readonly body: Document;
  readonly session: Session;
  readonly #message: Message;
  #expires: number;

  constructor(message: Message, session: Session) {
    this.#message = message;
    this.session = session;
    this.body = toQuery(message.body);
    this.name = Object.keys(this.body)[0] ?? '';
    this.database = String(this.body.$db ?? 'admin');
    this.#expires = this.maxTimeMs === undefined ? Infinity : performance.now() + this.maxTimeMs;
  }

  /** The command and, if it names one, its collection: `find:products`. */
  get operation(): string {
    return this.collection === undefined ? this.name : `${this.name}:${this.collection}`;
  }

  get collection(): string | undefined {
    const named: unknown = this.name === 'getMore' ? this.body.collection : this.body[this.name];
    return typeof named === 'string' ? named : undefined;
  }

  get maxTimeMs(): number | undefined {
    return typeof this.body.maxTimeMS === 'number' && this.body.maxTimeMS > 0 ? this.body.maxTimeMS : undefined;
  }

  /** The documents of a write, byte for byte where they came in a section of their own. */
  documents(field: string): Uint8Array[] {
    const section = this.#message.sections.get(field);
    if (section) return section;
    const list = toTyped(this.#message.body)[field] as Document[] | undefined;
    return (list ?? []).map((document) => toRaw(document));
  }

  /** Throws once the command has used up its `maxTimeMS`. */
  checkTime(): void {
    if (performance.now() > this.#expires)
      throw new MongoFailure(CODE.MaxTimeMSExpired, 'operation exceeded time limit');
  }

  /** After the first batch the client's own pace no longer counts. */
  stopClock(): void {
    this.#expires = Infinity;
  }
}
