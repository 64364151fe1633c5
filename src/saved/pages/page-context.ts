import { Drop } from 'liquidjs';
import type { Answer } from '../../batch/run/answer.ts';
import type { Params } from '../../batch/run/batch.ts';
import { ofMembers, type MemberList, type Reply } from '../../batch/run/reply.ts';
import type { Steps } from '../../budget/work.ts';
import { answerText } from '../../encodings/reply-text.ts';
import { entriesOf, memberOf } from '../../json/members.ts';
import { parseInTurns } from '../../json/parse.ts';
import type { Text } from '../../json/text.ts';
import type { Bounds } from './bounds.ts';
import { type DigitsOfPage, pageData } from './page-data.ts';

/** Names of a page's own and words of Liquid: no key of a batch with a template may be one. */
export const RESERVED = 'codap params true false nil null empty blank and or not contains'.split(' ');

/** What a page says of its batch. */
class Codap extends Drop {
  readonly complete: boolean;
  readonly #read: () => Steps<unknown>;
  #replies: unknown;

  constructor(complete: boolean, read: () => Steps<unknown>) {
    super();
    this.complete = complete;
    this.#read = read;
  }

  /** What became of each query, as `shape: "replies"` shows it: read once a template asks. */
  *replies(): Steps<unknown> {
    this.#replies ??= yield* this.#read();
    return this.#replies;
  }
}

/**
 * What a template can name: of a KV each key's value, else `results`, the list of values; beside them
 * `params` and `codap`.
 */
export function* pageContext(
  { params, traced }: Answer,
  list: MemberList,
  complete: boolean,
  bounds: Bounds,
): Steps<object> {
  const digits: DigitsOfPage = new Map();
  const values = yield* pageData(yield* ofMembers(list, valueOf, bounds), bounds, digits);
  const named = Object.create(null) as Record<string, unknown>;
  if (list.keyed) for (const [key, value] of entriesOf(values as object)) named[key] = value;
  else named['results'] = values;
  named['params'] = yield* pageData(copied(params), bounds, digits);
  named['codap'] = new Codap(complete, function* () {
    const json = yield* joined(yield* answerText(list, complete, 'replies', traced), bounds);
    bounds.hold(json.length);
    return yield* pageData(memberOf((yield* parseInTurns(json, bounds)) as object, 'results'), bounds, digits);
  });
  return named;
}

/** A list may be a default, which others are given, too. */
function copied(params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.slice() : value]),
  );
}

/** A reply's value as `shape: "values"` shows it. */
function* valueOf({ value, list, status }: Reply, bounds: Bounds, hidden: boolean): Steps<unknown> {
  if (hidden) return null;
  if (!value) return list && status !== 'error' ? yield* ofMembers(list, valueOf, bounds) : null;
  const { json, members } = value;
  bounds.hold(json.length);
  return yield* parseInTurns(json, bounds, members);
}

function* joined(text: Text, bounds: Bounds): Steps<string> {
  let whole = '';
  for (const piece of text) {
    if (bounds.tick(1 + (piece.length >> 6))) yield;
    whole += String(piece);
  }
  return whole;
}
