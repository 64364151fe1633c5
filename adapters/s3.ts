import type { Adapter } from './adapter.ts';
import { compileS3 } from './s3/compile.ts';
import { describeS3 } from './s3/describe.ts';
import { objectSpan } from './s3/object-span.ts';
import { options, type S3Options } from './s3/options.ts';
import { MOST, params } from './s3/params.ts';

export type { S3Options } from './s3/options.ts';

/** Object stores that speak S3: reads below one prefix of one bucket. */
export const s3: Adapter<S3Options> = {
  options,
  ops: {
    getObject: { params: params.getObject, streams: 'body' },
    headObject: { params: params.headObject, single: true },
    listObjects: { params: params.listObjects, streams: 'items', single: true, gathered: { limit: MOST } },
    presignGetObject: { params: params.presignGetObject, single: true, local: true },
  },
  defaults: { concurrency: 50 },
  secrets: ({ secretAccessKey }) => (secretAccessKey === undefined ? [] : [secretAccessKey]),
  example: () => ({ op: 'listObjects', params: { limit: 2 } }),
  compile: compileS3,
  describe: describeS3,
  spanOf: objectSpan,
  async open(options) {
    const { S3Connection } = await import('./s3/s3-connection.ts');
    return new S3Connection(options);
  },
};
