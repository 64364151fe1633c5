import type { Plan } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import type { Taking } from '../batch/run/taking.ts';
import type { Piece, Text } from '../json/text.ts';

/** A media type in which the replies of any pattern can be answered. */
export interface Encoding extends Taking {
  readonly mediaType: string;
  /** How the names of its files end. */
  readonly extension: string;
  /** JSON, a text, events, an archive's bytes, or what is stored, which is answered in its own type. */
  readonly form: 'json' | 'text' | 'events' | 'archive' | 'stored';
  /** It answers replies, beside which there may be more to tell, rather than what they hold alone. */
  readonly showsReplies?: true;
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
 * A whole text; frames, of which none waits for a later one, a large one in slices; or bytes, sent as they
 * are. Where frames or bytes throw, the answer is cut; they throw CANCELLED where it is known already what
 * broke them.
 */
export type EncodedBody =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'frames'; readonly frames: AsyncIterable<Frames>; readonly heartbeat?: Heartbeat }
  | { readonly kind: 'bytes'; readonly pieces: AsyncIterable<Uint8Array> };

/** Whole frames as one text, or the slices of a large one. */
export type Frames = string | Iterable<Piece>;

/** What is sent to keep an idle connection open, and how often. */
export interface Heartbeat {
  readonly text: string;
  readonly ms: number;
}

/** Thrown by an encoding that cannot hold the replies, as it finds once they are there. */
export class NotAcceptable extends Error {}
