import { z } from 'zod';
import { wholeNumber } from '../../src/store/whole-number.ts';
import { fillable } from '../fillable.ts';
import { httpDate } from '../http/http-date.ts';

/** Objects and prefixes that a gathered listing may be asked for. */
export const MOST = 10_000;

const key = fillable(z.string().min(1)).meta({ description: "Below the source's prefix." });
const token = short(1024).regex(/^[\x21-\x7e]+$/, 'a token as the store gave it is allowed here');

/** `bytes=first-last`, open at either end (RFC 9110 §14.1.2); one range. */
const range = short(64)
  .regex(/^bytes=(\d+-\d*|-\d+)$/, 'one range of bytes is allowed here: "bytes=0-99", "bytes=100-" or "bytes=-100"')
  .refine((text) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
    return first === undefined || last === undefined || BigInt(first) <= BigInt(last);
  }, 'a range whose last byte is not before its first is allowed here');

/** A time without an offset from UTC would be that of the machine. */
const iso = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const date = short(64).refine(
  (text) => httpDate(text) !== undefined || iso.safeParse(text).success,
  'a date is allowed here: ISO 8601, a time in it with "Z" or its offset, or an HTTP date',
);

const filename = short(255)
  .min(1)
  .refine(
    (name) => name.isWellFormed() && !/\p{Cc}/u.test(name),
    'a file name without control characters is allowed here',
  );

/** The params of each op. */
export const params = {
  getObject: z.strictObject({
    key,
    range: range.optional(),
    versionId: token.optional(),
    ifNoneMatch: short(1024)
      .regex(/^(?! )[\x20-\x7e]+$(?<! )/, 'an entity tag is allowed here')
      .optional(),
    ifModifiedSince: date.optional(),
    format: z.enum(['auto', 'json', 'text', 'base64']).default('auto').meta({ description: '`auto` unless told.' }),
  }),
  headObject: z.strictObject({ key, versionId: token.optional() }),
  listObjects: z.strictObject({
    prefix: z.string().default(''),
    delimiter: z.string().min(1).max(64).optional(),
    limit: wholeNumber
      .min(1)
      .optional()
      .meta({ description: `Gathered: 1,000 unless told, at most ${MOST.toLocaleString('en')}.` }),
    startAfter: z.string().min(1).optional(),
    token: z.string().min(1).max(4096).optional(),
  }),
  presignGetObject: z.strictObject({
    key,
    versionId: token.optional(),
    expiresInSeconds: wholeNumber.min(1).optional(),
    filename: filename.optional(),
  }),
} as const;

/** What `compile` makes of them: keys whole, behind the source's prefix. */
export interface GetObject {
  readonly key: string;
  readonly format: 'auto' | 'json' | 'text' | 'base64';
  readonly range?: string;
  readonly versionId?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifMatch?: string;
  /** Its `ifNoneMatch` names what codap has kept: it asks whether that is still so. */
  readonly isRenewal?: true;
}

/** A compiled `headObject`. */
export interface HeadObject {
  readonly key: string;
  readonly versionId?: string;
}

/** A compiled `listObjects`. */
export interface ListObjects {
  readonly prefix: string;
  readonly limit?: number;
  readonly delimiter?: string;
  readonly startAfter?: string;
  readonly token?: string;
}

/** A compiled `presignGetObject`. */
export interface PresignGetObject {
  readonly key: string;
  readonly expiresInSeconds: number;
  readonly versionId?: string;
  readonly filename?: string;
}

/** A text whose length is checked before anything else. */
function short(most: number): z.ZodString {
  return z.string().max(most, { abort: true });
}
