import type { Document } from 'bson';

/** The error codes this server answers, by mongod's names. */
export const CODE = {
  BadValue: 2,
  HostUnreachable: 6,
  Unauthorized: 13,
  AuthenticationFailed: 18,
  CursorNotFound: 43,
  MaxTimeMSExpired: 50,
  CommandNotFound: 59,
  UnsupportedOpQueryCommand: 352,
  DuplicateKey: 11000,
} as const;

const NAMES = new Map<number, string>(Object.entries(CODE).map(([name, code]) => [code, name]));

/** A failure in mongod's terms. */
export class MongoFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'MongoFailure';
    this.code = code;
  }
}

/** The reply for anything thrown by a command; what mingo throws is a fault of the query, so BadValue. */
export function failureReply(error: unknown): Document {
  const code = error instanceof MongoFailure ? error.code : CODE.BadValue;
  const errmsg = error instanceof Error ? error.message : String(error);
  return { ok: 0, errmsg, code, codeName: NAMES.get(code) ?? `Location${code}` };
}
