import { errors } from 'undici';
import { CodapError, toCodapError } from '../../src/errors.ts';
import { isDecodingError } from './decoders.ts';

/** What kept an answer from coming whole, once its head was here. */
export function transportFailure(error: unknown): CodapError {
  const code = codeOf(error);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new CodapError('BAD_RESPONSE', 'the store answered more bytes than such an answer may have', {
      cause: error,
    });
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new CodapError(
      'BAD_RESPONSE',
      "the store answered larger header fields than are taken: 16 KiB, or a REST source's maxHeaderBytes",
      { cause: error },
    );
  }
  if (isUnreadable(error, code)) return notHttp(error);
  if (isDecodingError(error)) {
    return new CodapError('BAD_RESPONSE', 'the store answered a compressed body that cannot be read', { cause: error });
  }
  if (code === 'UND_ERR_INVALID_ARG')
    return new CodapError('INTERNAL', 'codap failed to make this request', { cause: error });
  return toCodapError(error);
}

/**
 * What kept an answer from coming at all: a length that is not met is no cut then, but a head of two minds.
 */
export function headFailure(error: unknown): CodapError {
  return codeOf(error) === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ? notHttp(error) : transportFailure(error);
}

/** That a body is framed as HTTP/1.1 has it no more. */
export function unknownTransfer(status: number): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered in a transfer encoding that codap does not know', {
    status,
  });
}

/**
 * Whether undici could not read what came, an answer that it did not expect and a status below 100 among it.
 */
function isUnreadable(error: unknown, code: string): boolean {
  const said = error instanceof Error ? error.message : '';
  // In chunks, the end of the connection before the last one is what the parser tells, too.
  if (error instanceof errors.HTTPParserError) return !said.includes('Invalid EOF state');
  if (code === 'UND_ERR_SOCKET') return /^bad (?:response|upgrade)$/.test(said);
  return code === 'ERR_ASSERTION';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function notHttp(cause: unknown): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered something that is not HTTP as it should be', { cause });
}
