import type { Plan } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import type { Taking } from '../batch/run/scope.ts';
import type { Text } from '../json/text.ts';

/** A media type in which the replies of any pattern can be answered. */
export interface Encoding extends Taking {
  readonly mediaType: string;
  /** What the name of a file of it ends with. */
  readonly extension: string;
  /** Why it cannot answer this plan; unless it says so, it can. */
  readonly refuses?: (plan: Plan) => string | undefined;
  /**
   * The answer of a batch under way, once it is known how it begins; undefined where the batch failed before.
   * Throws NotAcceptable.
   */
  encode(answer: Answer, plan: Plan): Promise<Encoded | undefined>;
}

/** An answer as it is sent. */
export interface Encoded {
  /** The HTTP status, unless it is 200. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: EncodedBody;
}

/**
 * A whole text; frames, of which none waits for a later one; or bytes, sent as they are. What flows and
 * throws is cut: CANCELLED where what broke it is known already.
 */
export type EncodedBody =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'frames'; readonly pieces: AsyncIterable<string>; readonly heartbeat?: Heartbeat }
  | { readonly kind: 'bytes'; readonly pieces: AsyncIterable<Uint8Array> };

/** What keeps an idle connection open, and how often it is sent. */
export interface Heartbeat {
  readonly text: string;
  readonly ms: number;
}

/** Told by an encoding that finds, once the replies are there, that it cannot hold them. */
export class NotAcceptable extends Error {}
