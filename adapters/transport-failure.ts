import { errors } from 'undici';
import { CodapError, toCodapError } from '../src/errors.ts';
import { isDecodingError } from './decoders.ts';

/** What kept an answer from coming, or from coming whole. */
export function transportFailure(error: unknown): CodapError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Not every error of the parser has a code.
  const unreadable =
    error instanceof errors.HTTPParserError || /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RESPONSE)/.test(code);
  if (unreadable) {
    return new CodapError('BAD_RESPONSE', 'the store answered something that is not HTTP as it should be', {
      cause: error,
    });
  }
  if (isDecodingError(error)) {
    return new CodapError('BAD_RESPONSE', 'the store answered a compressed body that cannot be read', { cause: error });
  }
  if (code === 'UND_ERR_INVALID_ARG')
    return new CodapError('INTERNAL', 'codap failed to make this request', { cause: error });
  return toCodapError(error);
}
