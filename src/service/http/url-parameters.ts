import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import type { Params } from '../../batch/run/batch.ts';
import type { Grant } from '../../callers/known-caller.ts';
import { MOST_FAULTS, shortDetail } from '../../json/fault-list.ts';
import type { Given, ParameterFault, ParamSet } from '../../saved/param-set.ts';
import { sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The URL parameters a route takes, each without a value (`?strict`) or `true`; none if left out. */
    flags?: readonly string[] | ((caller: Grant) => readonly string[]);
    /** The URL parameters with values that it takes beside them. */
    parameters?: ParamSet;
  }
  interface FastifyRequest {
    /** What the URL parameters with values came to, where its route takes any. */
    urlValues: Params | undefined;
  }
}

/** Whether the URL parameters of a request are those that its route takes, as it takes them; else 400. */
export function takesParameters(
  request: FastifyRequest,
  reply: FastifyReply,
  { flags: known = [], parameters }: FastifyContextConfig,
): boolean {
  const flags = typeof known === 'function' ? known(request.caller) : known;
  if (parameters && isGarbled(request.url)) {
    sendProblem(reply, {
      status: 400,
      detail: 'the URL parameters are not UTF-8 in percent-encoding (RFC 3986)',
    });
    return false;
  }
  const given = request.query as Given;
  const errors: ParameterFault[] = [];
  for (const parameter in given) {
    if (parameters?.has(parameter)) continue;
    if (!flags.includes(parameter)) errors.push({ parameter, detail: 'unknown URL parameter' });
    else if (given[parameter] !== '' && given[parameter] !== 'true')
      errors.push({ parameter, detail: 'takes no value but true, once' });
  }
  if (parameters) {
    const { values, faults } = parameters.ofUrl(given);
    request.urlValues = values;
    errors.push(...faults);
  }
  if (errors.length === 0) return true;
  const names = [...(parameters?.keys() ?? [])];
  const detail = [
    ...(names.length > 0 ? [`URL parameters allowed here: ${names.join(', ')}`] : []),
    ...(flags.length > 0 ? [`URL parameters allowed here, without a value or "true": ${flags.join(', ')}`] : []),
  ].join('; ');
  sendProblem(reply, {
    status: 400,
    detail: detail || 'no URL parameter is allowed here',
    errors: errors.slice(0, MOST_FAULTS).map(({ parameter, detail }) => ({ parameter, detail: shortDetail(detail) })),
  });
  return false;
}

/** Whether what stands behind the `?` of a URL would be read as something else than was sent. */
function isGarbled(url: string): boolean {
  const at = url.indexOf('?');
  if (at < 0 || !url.includes('%', at)) return false;
  try {
    decodeURIComponent(url.slice(at));
    return false;
  } catch {
    return true;
  }
}
