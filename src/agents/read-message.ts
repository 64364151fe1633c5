import { readBody } from '../batch/plan/read-body.ts';
import { isLoopHeld } from '../budget/turns.ts';
import type { Steps, Work } from '../budget/work.ts';
import type { Limits } from '../config/load.ts';
import { CodapError } from '../errors.ts';
import { BadRequest, below, type ToldFault } from '../json/fault-list.ts';
import { markLength } from '../json/body-text.ts';
import { JsonCheck } from '../json/json-check.ts';
import { membersOf } from '../json/json-part.ts';
import { hasMember, isObject, memberOf, recordOf } from '../json/members.ts';
import { skip } from '../json/read-json.ts';
import { sizing } from '../json/size.ts';
import { errorText, faultText } from './tool-fault.ts';

/** A JSON-RPC message as it came. */
export interface Message {
  /** The message without the arguments of a tool, for those who do not look at these. */
  readonly envelope: object;
  /** The arguments of a tool, every number and key as it was written. Throws BadRequest. */
  readonly given: () => unknown;
}

/** Why a body is no message, or is not read to its end: the code is JSON-RPC's. */
export interface Refusal {
  readonly code: -32700 | -32600 | -32603;
  readonly message: string;
}

/** What stands around a batch, which in a request for one is the whole: the message and its `params`. */
const AROUND = 2;
const PARAMS = 'params';
const ARGUMENTS = 'arguments';
const AT = `/${PARAMS}/${ARGUMENTS}`;

/** The fault of a body that is no JSON, where others were found before it was known. */
const NOT_JSON: ToldFault = { pointer: '#', detail: 'not JSON' };

/** Bytes of a message without the arguments: those who look at it take no turns. */
const LARGEST = 65_536;

/** What a member takes at least, as it is counted. */
const SMALLEST = 5;

/** Reads the body of a request as a JSON-RPC message (JSON-RPC 2.0 §4), in turns with others. */
export function* readMessage(body: Buffer, limits: Limits, work: Work): Steps<Message | Refusal> {
  try {
    return yield* reading(body, limits, work);
  } catch (error) {
    // It takes too much, or too long: which call that fails would stand in what was not read.
    if (error instanceof CodapError) return { code: error.retryable ? -32603 : -32600, message: errorText(error) };
    if (error instanceof BadRequest) return { code: -32700, message: faultText(error.errors[0] as ToldFault) };
    throw error;
  }
}

function* reading(body: Buffer, limits: Limits, work: Work): Steps<Message | Refusal> {
  let faults: readonly ToldFault[] = [];
  let read: unknown;
  try {
    read = yield* readBody(body, limits, work, AROUND);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    faults = error.errors;
    const around = faults.find(({ pointer }) => pointer !== '#' && !`${pointer}/`.startsWith(`#${AT}/`));
    if (around) throw new BadRequest([around]);
    // What is told ends somewhere, and may end within the arguments: all around these is read by itself.
    const rest = yield* withoutArguments(body.subarray(markLength(body)), work);
    if (!rest) throw new BadRequest([faults.find(({ pointer }) => pointer === '#') ?? NOT_JSON]);
    read = yield* readBody(rest, limits, work, AROUND);
  }
  if (Array.isArray(read))
    return { code: -32600, message: 'one message at a time is allowed here; one batch may ask for many things' };
  if (typeof read !== 'object' || read === null) return { code: -32600, message: 'a message is an object' };
  const params = memberOf(read, PARAMS);
  const given = isObject(params) && hasMember(params, ARGUMENTS);
  const tooLarge = {
    code: -32600,
    message: `at most ${LARGEST} bytes beside the arguments of a tool are allowed here`,
  } as const;
  if (hasMany(read) || (isObject(params) && hasMany(params))) return tooLarge;
  const message = recordOf(read) as object;
  const envelope: object = given
    ? { ...message, params: { ...(recordOf(params) as object), [ARGUMENTS]: {} } }
    : message;
  if ((yield* sizing(envelope, work, LARGEST)) > LARGEST) return tooLarge;
  const said = given ? memberOf(params, ARGUMENTS) : {};
  return {
    envelope,
    given() {
      if (faults.length > 0) throw new BadRequest(below(AT, faults));
      return said;
    },
  };
}

/** Whether an object is too large by the number of its members alone; one of so many is a Map. */
function hasMany(members: object): boolean {
  return members instanceof Map && members.size > LARGEST / SMALLEST;
}

/**
 * A body with `{}` for the arguments, of which nothing is made, as deep as they may be; undefined where it is
 * no JSON.
 */
function* withoutArguments(body: Buffer, work: Work): Steps<Buffer | undefined> {
  // It is looked at twice.
  work.tick(body.length >> 5);
  // A character a byte: whether it is JSON, and where in it the arguments stand, ASCII alone tells.
  const text = body.toString('latin1');
  const check = new JsonCheck(Buffer.from(text), Infinity);
  try {
    while (!check.go(LARGEST)) if (isLoopHeld()) yield;
  } catch {
    return undefined;
  }
  const pieces: string[] = [];
  let from = 0;
  for (const params of membersOf(text, { start: skip(text, 0) })) {
    if (isLoopHeld()) yield;
    if (params.key !== PARAMS) continue;
    for (const { key, start, end } of membersOf(text, params)) {
      if (isLoopHeld()) yield;
      if (key !== ARGUMENTS) continue;
      pieces.push(text.slice(from, start));
      from = end;
    }
  }
  return Buffer.from([...pieces, text.slice(from)].join('{}'), 'latin1');
}
