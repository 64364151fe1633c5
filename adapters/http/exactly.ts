import { Transform } from 'node:stream';
import { CodapError } from '../../src/errors.ts';

/** Passes on a body of so many bytes; fails before any more of them, and at an end that comes too early. */
export function exactly(length: number): Transform {
  let left = length;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new CodapError('BAD_RESPONSE', 'the body is longer than the store said'));
      else done(null, chunk);
    },
    flush(done) {
      done(left > 0 ? new CodapError('UNAVAILABLE', 'the body ended too early') : null);
    },
  });
}
