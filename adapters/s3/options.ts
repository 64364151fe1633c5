import { z } from 'zod';
import { besides } from '../../src/store/besides.ts';
import { wholeNumber } from '../../src/store/whole-number.ts';
import type { SourceOptions } from '../source-options.ts';
import { keyClimbs } from '../http/climbs.ts';

const bucket = z
  .string()
  .regex(
    /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/,
    'the name of a bucket, 3 to 255 letters, digits, ".", "_" and "-", is allowed here: it begins and ends with a letter or digit, and no two dots stand together',
  );

/** Bytes of a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MOST_KEY = 1024;

const endpoint = z.string().superRefine((text, context) => {
  const issue = (message: string): void => context.addIssue({ code: 'custom', message });
  const parsed = URL.parse(text);
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return issue('an http or https URL is allowed here');
  if (parsed.username || parsed.password)
    issue('a URL without credentials is allowed here; they belong in accessKeyId and secretAccessKey');
  if (parsed.search || parsed.hash) issue('a URL without query and fragment is allowed here');
});

/** An S3 source's own fields. */
export const options = z
  .strictObject({
    bucket: bucket.meta({ description: 'The one bucket it reads.' }),
    prefix: z
      .string()
      .regex(/^$|^[^/].*\/$/, 'a prefix that ends with "/" and does not begin with one is allowed here')
      .refine((prefix) => !keyClimbs(prefix), 'a prefix without "." and ".." as segments is allowed here')
      .refine(
        (prefix) => prefix.isWellFormed() && Buffer.byteLength(prefix) < MOST_KEY,
        `a prefix of less than ${MOST_KEY} bytes, without lone surrogates, is allowed here`,
      )
      .default('')
      .meta({ description: 'Stands before every key.' }),
    region: z
      .string()
      .regex(
        /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/,
        'a region is allowed here: letters, digits and "-", such as "eu-west-1"',
      )
      .default('us-east-1')
      .meta({ description: 'The region requests are signed for.' }),
    endpoint: endpoint.optional().meta({
      description: 'Where the store answers; without one, what variables or a profile of AWS name, else AWS.',
    }),
    publicEndpoint: endpoint
      .optional()
      .meta({ description: 'The endpoint in presigned addresses; without one, endpoint.' }),
    forcePathStyle: z
      .boolean()
      .default(false)
      .meta({ description: 'The bucket stands in the path instead of the host name.' }),
    accessKeyId: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'an access key is allowed here: visible characters of ASCII')
      .optional()
      .meta({ description: 'With secretAccessKey; without both, those that the AWS SDK finds.' }),
    secretAccessKey: z
      .string()
      .regex(/^(?!\s)\P{C}+(?<!\s)$/u, 'a secret key without blanks around it and control characters is allowed here')
      .optional()
      .meta({ description: 'With accessKeyId.' }),
    maxExpiresInSeconds: wholeNumber
      .min(1)
      .max(3600)
      .default(300)
      .meta({ description: 'The longest a presigned address is valid.' }),
  })
  .superRefine(
    ({ accessKeyId, secretAccessKey }, context) => {
      if ((accessKeyId === undefined) === (secretAccessKey === undefined)) return;
      const path = [accessKeyId === undefined ? 'accessKeyId' : 'secretAccessKey'];
      context.addIssue({
        code: 'custom',
        path,
        message: 'accessKeyId is allowed here beside secretAccessKey only, and the other way round',
      });
    },
    besides('accessKeyId', 'secretAccessKey'),
  );

/** An S3 source's configuration. */
export type S3Options = z.output<typeof options> & SourceOptions;
