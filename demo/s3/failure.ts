import type { Answer } from '../http/answer.ts';
import { element } from './xml.ts';

const STATUS = {
  AccessDenied: 403,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidPart: 400,
  InvalidRange: 416,
  InvalidURI: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
} as const;

/** One of S3's error codes. */
export type S3Code = keyof typeof STATUS;

/** A failure as S3 tells of it. */
export class S3Failure extends Error {
  readonly code: S3Code;

  constructor(code: S3Code, message: string = code) {
    super(message);
    this.code = code;
  }

  /** The XML answer. */
  answer(): Answer {
    const body = element(
      'Error',
      element('Code', this.code),
      element('Message', this.message),
      element('RequestId', 'demo'),
    ).document();
    return { status: STATUS[this.code], headers: { 'content-type': 'application/xml' }, body };
  }
}

/**
 * The failure that goes with a status: 503 is SlowDown, 403 AccessDenied, 404 NoSuchKey, everything else
 * InternalError.
 */
export function failureOf(status = 503): Answer {
  const codes: Record<number, S3Code> = { 403: 'AccessDenied', 404: 'NoSuchKey', 429: 'SlowDown', 503: 'SlowDown' };
  return { ...new S3Failure(codes[status] ?? 'InternalError').answer(), status };
}
