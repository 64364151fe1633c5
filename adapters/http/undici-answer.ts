import type { Dispatcher } from 'undici';
import { isFramed } from './field-values.ts';
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

/** Asks by undici. Rejects where no answer comes, or one whose body is framed as HTTP/1.1 has it no more. */
export async function askUndici(
  dispatcher: Dispatcher,
  request: Parameters<Dispatcher['request']>[0],
): Promise<UndiciAnswer> {
  const answer = await dispatcher.request(request).catch((error: unknown) => {
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

/** White space after a value, which undici leaves there, is no part of it (RFC 9110 §5.5). */
function bare(field: string | string[] | undefined): string | string[] | undefined {
  return typeof field === 'object' ? field.map(withoutBlanks) : field && withoutBlanks(field);
}

/** No more than these two, unlike `trimEnd`: a byte A0 may be a part of a character. */
function withoutBlanks(value: string): string {
  return value.replace(/(?<![\t ])[\t ]+$/, '');
}
