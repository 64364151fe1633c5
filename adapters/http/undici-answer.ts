import type { Dispatcher } from 'undici';
import { isFramed } from './field-values.ts';
import { isStale } from './stale-sockets.ts';
import { headFailure, unknownTransfer } from './transport-failure.ts';

/** An answer whose body is still to come. */
export interface UndiciAnswer {
  readonly status: number;
  /** The words behind the status. */
  readonly reason: string;
  /** Of each field its value, or its values where it came repeatedly, by lower-case name. */
  readonly fields: ReadonlyMap<string, string | string[] | undefined>;
  readonly body: Dispatcher.ResponseData['body'];
}

type Asked = Parameters<Dispatcher['request']>[0];

/** Asks by undici. Rejects where no answer comes, or one whose body is framed as HTTP/1.1 has it no more. */
export async function askUndici(dispatcher: Dispatcher, request: Asked): Promise<UndiciAnswer> {
  const answer = await ask(dispatcher, request).catch((error: unknown) => {
    throw headFailure(error);
  });
  const { statusCode: status, statusText: reason, headers, body } = answer;
  // As it came: with white space after it undici does not know `chunked`, and takes the chunks for the body.
  if (!isFramed(headers['transfer-encoding'])) {
    body.on('error', () => {}).destroy();
    throw unknownTransfer(status);
  }
  const fields = new Map(Object.entries(headers).map(([name, field]) => [name, bare(field)]));
  return { status, reason, fields, body };
}

/**
 * A store may close a connection that it has kept just as the next request comes: what is safe is then sent
 * anew once (RFC 9112 §9.3.1, RFC 9110 §9.2.2), and counts as sent once. It may meet another that has ended.
 */
function ask(dispatcher: Dispatcher, request: Asked): ReturnType<Dispatcher['request']> {
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  return dispatcher.request(request).catch((error: unknown) => {
    if (!isSafe || !isStale(error)) throw error;
    return dispatcher.request(request);
  });
}

/** White space after a value, which undici leaves there, is no part of it (RFC 9110 §5.5). */
function bare(field: string | string[] | undefined): string | string[] | undefined {
  return typeof field === 'object' ? field.map(withoutBlanks) : field && withoutBlanks(field);
}

/** No more than these two, unlike `trimEnd`: a byte A0 may be a part of a character. */
function withoutBlanks(value: string): string {
  return value.replace(/(?<![\t ])[\t ]+$/, '');
}
