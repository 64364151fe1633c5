import { setImmediate as turn } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { Member, Traced } from '../batch/run/reply.ts';
import type { Running } from '../batch/run/run.ts';
import type { Source } from '../sources/open.ts';
import type { Code } from '../errors.ts';
import { formatPointer } from '../json/pointer.ts';
import type { Attempt, AttemptSpan } from '../store/call-trace.ts';
import type { Query } from '../store/fetch.ts';
import type { GivenIds } from './given-ids.ts';
import type { SpanClock } from './span-clock.ts';

/** So many spans are made in one turn of the event loop: a batch may have very many. */
const AT_ONCE = 200;

/** What spans are made with. */
export interface SpanMaking {
  readonly tracer: Tracer;
  readonly ids: GivenIds;
  /** Whether the values of queries stand in them. */
  readonly withValues: boolean;
}

/** The span of a batch. Those of its queries and attempts are made of what it has noted once it has ended. */
export class BatchSpan {
  /** What its batch runs, once it does. */
  running: Running | undefined;
  readonly #span: Span;
  readonly #clock: SpanClock;
  /** As it came. */
  readonly #tracestate: string | undefined;
  readonly #making: SpanMaking;
  /** Spans of this turn. */
  #made = 0;

  constructor(span: Span, clock: SpanClock, tracestate: string | undefined, making: SpanMaking) {
    this.#span = span;
    this.#clock = clock;
    this.#tracestate = tracestate;
    this.#making = making;
  }

  /** Whether it is exported: else its batch has nothing to note. */
  get isSampled(): boolean {
    return this.#span.isRecording();
  }

  /** 16 hexadecimal digits. */
  get id(): string {
    return this.#span.spanContext().spanId;
  }

  /** Names this span as the parent of what follows from it (W3C Trace Context). */
  get traceparent(): string {
    return this.#traceparent(this.id);
  }

  /** Makes the span of an attempt that leaves now. */
  readonly spanOf = (source: Source, query: Query): AttemptSpan => {
    const { name, attributes } = source.spanOf(query, this.#making.withValues);
    const id = this.#making.ids.generateSpanId();
    return { id, traceparent: this.#traceparent(id), tracestate: this.#tracestate, name, attributes };
  };

  /**
   * Its answer has left, or its client has; `status` is what was sent, if anything was. Resolves once all of
   * its spans are made.
   */
  async end(status: number | undefined): Promise<void> {
    if (!this.isSampled) return;
    const { running } = this;
    const span = this.#span;
    const left = performance.now();
    await running?.root.reply;
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    const decidedBy = running?.batch.decidedBy?.error;
    // What was answered before a failure decided the batch was a 200. A 4xx is no error of who answers it.
    const outcome = decidedBy?.http ?? status ?? 0;
    if (outcome >= 500) failed(span, decidedBy?.code ?? String(status));
    // Where its client leaves, what runs ends after that.
    const ended = Math.max(left, running?.root.trace?.ended ?? left);
    span.end(this.#clock.at(ended));
    if (running) await this.#membersOf(running.root, within(span), ended);
  }

  /** None ends after what it stands in; what was not read to its end by itself ends with that, at `end`. */
  async #membersOf({ within: members }: Traced, parent: Context, end: number): Promise<void> {
    for (const member of members) {
      const { traced, reply } = member;
      const noted = traced?.trace;
      // What was not begun when it was given up has no span.
      if (!noted || (noted.queued === undefined && reply.error?.code === 'CANCELLED')) continue;
      const ended = Math.min(noted.ended ?? end, end);
      const options = {
        startTime: this.#clock.at(Math.min(noted.queued ?? ended, ended)),
        attributes: attributesOf(member),
      };
      const span = this.#making.tracer.startSpan(nameOf(member), options, parent);
      if (reply.status === 'error') failed(span, reply.error?.code);
      span.end(this.#clock.at(ended));
      const context = within(span);
      for (const attempt of noted.attempts) this.#attempt(attempt, context, ended, reply.error?.code);
      this.#made += 1 + noted.attempts.length;
      if (this.#made >= AT_ONCE) {
        this.#made = 0;
        await turn();
      }
      await this.#membersOf(traced, context, ended);
    }
  }

  /** One that goes on for others ends with its query, and as that did: what becomes of it is theirs. */
  #attempt(attempt: Attempt, parent: Context, end: number, error: Code | undefined): void {
    const { span: known, started, ended = Infinity, hedge, resends } = attempt;
    if (!known) return;
    const { id, name, attributes, status } = known;
    this.#making.ids.next = id;
    const options = { kind: SpanKind.CLIENT, startTime: this.#clock.at(started), attributes };
    const span = this.#making.tracer.startSpan(name, options, parent);
    const goesOn = ended > end;
    if (goesOn) span.setAttribute('codap.goes_on', true);
    else if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (hedge) span.setAttribute('codap.hedge', true);
    if (resends !== undefined && 'http.request.method' in attributes)
      span.setAttribute('http.request.resend_count', resends);
    const code = goesOn ? error : attempt.code;
    if (code) failed(span, code);
    span.end(this.#clock.at(Math.min(ended, end)));
  }

  #traceparent(id: string): string {
    const { traceId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${id}-0${traceFlags & 1}`;
  }
}

/** The context of what is a child of this span. */
function within(span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span);
}

/** What nobody needed any more has not failed. */
function failed(span: Span, code = 'INTERNAL'): void {
  span.setAttribute('error.type', code);
  if (code !== 'CANCELLED') span.setStatus({ code: SpanStatusCode.ERROR });
}

function nameOf({ node, traced }: Member): string {
  if (traced?.each) return 'forEach';
  return node.kind === 'query' ? `${node.source.name} ${node.op}` : node.pattern;
}

function attributesOf({ node, path, reply, traced }: Member): Attributes {
  const { cache, shared } = traced!.trace!;
  return {
    'codap.path': formatPointer(path),
    'codap.status': reply.status,
    ...(node.kind === 'query' && { 'codap.source': node.source.name, 'codap.op': node.op }),
    ...(cache && { 'codap.cache': cache }),
    ...(shared && { 'codap.shared': shared }),
  };
}
