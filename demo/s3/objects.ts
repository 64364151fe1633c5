import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { precondition } from '../http/conditions.ts';
import { parseRange } from '../http/range.ts';
import { receive } from './chunked.ts';
import { S3Failure } from './failure.ts';
import type { S3Request } from './request.ts';
import { inMemory, type Stored, type StoredOptions } from './stored.ts';

const KEPT = ['cache-control', 'content-disposition', 'content-language', 'expires'];

/** Answers GetObject and HeadObject, conditions and one range included. */
export function getObject({ call, bucket, key }: S3Request): Answer {
  const versionId = call.query.get('versionId') ?? undefined;
  const object = bucket.get(key, versionId);
  if (object === undefined)
    throw new S3Failure(versionId !== undefined && bucket.get(key) ? 'NoSuchVersion' : 'NoSuchKey');
  const status = precondition(call.headers, object);
  if (status === 412) throw new S3Failure('PreconditionFailed');
  const headers = headersOf(object, call);
  if (status === 304) return { status, headers: { etag: headers['etag'], 'last-modified': headers['last-modified'] } };
  const range = parseRange(call.header('range'), object.size);
  if (range === 416) throw new S3Failure('InvalidRange');
  const { start, end } = range ?? { start: 0, end: object.size };
  headers['content-length'] = end - start;
  if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${object.size}`;
  return { status: range ? 206 : 200, headers, body: object.read(start, end) };
}

function headersOf(object: Stored, call: Call): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ...object.headers,
    'content-type': object.contentType,
    'accept-ranges': 'bytes',
    etag: object.etag,
    'last-modified': object.lastModified.toUTCString(),
  };
  if (object.versionId !== undefined) headers['x-amz-version-id'] = object.versionId;
  for (const name of [...KEPT, 'content-type', 'content-encoding']) {
    const override = call.query.get(`response-${name}`);
    if (override !== null) headers[name] = override;
  }
  return headers;
}

/** Answers PutObject. */
export async function putObject({ call, bucket, key }: S3Request): Promise<Answer> {
  if (call.header('x-amz-copy-source') !== undefined) throw new S3Failure('NotImplemented');
  const object = inMemory(await receive(call), sentOptions(call));
  bucket.put(key, object);
  return { status: 200, headers: { etag: object.etag } };
}

/** Answers DeleteObject. */
export function deleteObject({ bucket, key }: S3Request): Answer {
  bucket.delete(key);
  return { status: 204 };
}

/** What the headers of an upload say about the object. */
export function sentOptions(call: Call): StoredOptions {
  const kept = KEPT.flatMap((name) =>
    call.header(name) === undefined ? [] : [[name, call.header(name) ?? ''] as const],
  );
  const encoding = (call.header('content-encoding') ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one && one !== 'aws-chunked');
  if (encoding.length > 0) kept.push(['content-encoding', encoding.join(', ')]);
  const metadata = Object.keys(call.headers).flatMap((name) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), call.header(name) ?? ''] as const] : [],
  );
  return {
    contentType: call.header('content-type'),
    headers: Object.fromEntries(kept),
    metadata: Object.fromEntries(metadata),
  };
}
