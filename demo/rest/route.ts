import type { Answer, Content } from '../http/answer.ts';
import type { Call } from '../http/call.ts';

/**
 * One address of the REST API. The pattern is matched with the undecoded path; its groups are passed on
 * decoded.
 */
export interface Route {
  methods: readonly string[];
  pattern: RegExp;
  answer(call: Call, ...groups: string[]): Answer | Promise<Answer>;
}

/** An address that is read. */
export function get(pattern: RegExp, answer: Route['answer']): Route {
  return { methods: ['GET', 'HEAD'], pattern, answer };
}

/** A JSON answer; text is sent as it is. */
export function json(value: unknown, status = 200): Answer {
  return of('application/json', typeof value === 'string' ? value : JSON.stringify(value), status);
}

/** An answer of some content type. */
export function of(contentType: string, body: Content, status = 200): Answer {
  return { status, headers: { 'content-type': contentType }, body };
}
