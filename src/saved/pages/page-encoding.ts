import type { Answer } from '../../batch/run/answer.ts';
import { GRACE_MS } from '../../batch/run/grace.ts';
import { isComplete, type MemberList } from '../../batch/run/reply.ts';
import type { Encoding } from '../../encodings/encoding.ts';
import { summaryHeaders } from '../../encodings/summary.ts';
import { CodapError } from '../../errors.ts';
import type { Text } from '../../json/text.ts';
import { PAGE } from '../../encodings/media-types.ts';
import { Bounds, Output } from './bounds.ts';
import { pageContext } from './page-context.ts';
import { stepping } from './stepping.ts';
import type { Template } from './templates.ts';

/** No script runs, nothing but pictures is loaded, forms go to codap alone. */
const CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; form-action 'self'; base-uri 'none'";

/** What a page may differ in. */
export interface PageOptions {
  /** Its Content-Security-Policy, instead of the default. */
  readonly csp?: string | undefined;
}

/**
 * The whole answer as a page. Whatever breaks its rendering is INTERNAL, its cause for the log alone; but
 * CANCELLED and OVERLOADED stay what they are.
 */
export function pageEncoding(template: Template, { csp = CSP }: PageOptions = {}): Encoding {
  return {
    ...PAGE,
    wants: () => 'value',
    async encode(answer) {
      const { list, ms } = await answer.whole;
      if (answer.decidedBy || !list) return undefined;
      const complete = isComplete(list);
      return {
        headers: {
          ...summaryHeaders(answer, complete, ms),
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': csp,
        },
        body: { kind: 'text', text: await rendered(template, answer, list, complete) },
      };
    },
  };
}

async function rendered(template: Template, answer: Answer, list: MemberList, complete: boolean): Promise<Text> {
  const { work, memory } = answer;
  const bounds = new Bounds(work, memory.part());
  const output = new Output(bounds, memory);
  // A page of a batch that ended at its deadline is rendered all the same.
  work.endsBy(answer.deadline + GRACE_MS.page, work.ended);
  function* rendering(): Generator<unknown, void> {
    const context = yield pageContext(answer, list, complete, bounds);
    yield template.rendering(context as object, output, bounds);
  }
  try {
    const rendered = Promise.resolve(work.do(stepping(rendering(), bounds))).then(() => output.text);
    const text = await answer.byDeadline(rendered, GRACE_MS.page);
    if (!text) throw new Error(`${template.file}: no answer within the time allowed`);
    return text;
  } catch (cause) {
    if (cause instanceof CodapError && (cause.code === 'CANCELLED' || cause.code === 'OVERLOADED')) throw cause;
    throw new CodapError('INTERNAL', 'codap failed to render this page', { cause });
  } finally {
    // What it is made of is let go of once it is there, or will not be.
    bounds.close();
  }
}
