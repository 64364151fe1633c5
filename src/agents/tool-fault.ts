import type { Batch } from '../batch/run/batch.ts';
import { CodapError, notNeeded } from '../errors.ts';
import { type BadRequest, type ToldFault } from '../json/fault-list.ts';
import { fragment } from '../json/pointer.ts';
import { fittingOf } from './notes.ts';

/** What an agent is told of a request that could not be run: each fault with what is allowed there. */
export function refusalText({ errors }: BadRequest, most: number): string {
  return lines(['Nothing was run. Correct this and call again:', ...errors.map(faultText)], most);
}

/** A fault of a request: where it stands, and what is allowed there. */
export function faultText({ pointer, detail }: ToldFault): string {
  return `${pointer}: ${detail}`;
}

/** What it is told of a batch that failed as a whole: what decided it, and what else was known by then. */
export function failureText({ decidedBy, failures }: Pick<Batch, 'decidedBy' | 'failures'>, most: number): string {
  const { path, error } = decidedBy ?? { path: [], error: notNeeded() };
  const others = failures.filter((failure) => failure.error !== error);
  const all = [{ path, error }, ...others].map((failure) => `${fragment(failure.path)}: ${told(failure.error)}`);
  return lines(['The batch failed.', ...all], most);
}

/** What it is told of a failure before anything ran. */
export function errorText(error: CodapError): string {
  return `Nothing was run. ${told(error)}`;
}

function told({ code, message, source, retryable, retryAfterMs }: CodapError): string {
  const later = retryAfterMs === undefined ? 'later' : `in ${Math.ceil(retryAfterMs)} ms`;
  return [
    `${code}: ${message}`,
    ...(source === undefined ? [] : [`source ${source}`]),
    retryable ? `may be asked again ${later}` : 'asking again does not help',
  ].join('; ');
}

/** As many whole lines as fit. */
function lines(all: readonly string[], most: number): string {
  return fittingOf(all, most, (more) => `and ${more} more`).join('\n');
}
