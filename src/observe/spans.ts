import { type Context, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { version } from '../version.ts';
import { BatchSpan, type SpanMaking } from './batch-span.ts';
import type { Exporting } from './exporting.ts';
import { GivenIds } from './given-ids.ts';
import { SpanClock } from './span-clock.ts';

/** What is known of a request when its span begins. */
export interface Begun {
  /** Its headers, in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly scheme: string;
  readonly route: string;
  /** The caller's name in the configuration. */
  readonly caller: string | undefined;
  /** An instant: `performance.now()` ms. */
  readonly received: number;
  /** Whether its span may tell the values of its queries. */
  readonly withValues: boolean;
}

/**
 * Makes spans of batches and exports them by OTLP: in the background, from a queue that is bounded, so that a
 * collector that is down costs a batch nothing but its spans.
 */
export class Spans {
  readonly #provider: TracerProvider;
  readonly #making: Omit<SpanMaking, 'withValues'>;
  readonly #context = new W3CTraceContextPropagator();

  constructor(exporting: Exporting, logger: Pick<Logger, 'warn' | 'info'>) {
    const exporter = exporting.protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
    const ids = new GivenIds();
    this.#provider = new TracerProvider({
      resource: resource(),
      sampler: samplerOf(exporting),
      idGenerator: ids,
      spanProcessors: [new BatchSpanProcessor({ exporter: telling(exporter, logger), ...exporting.queue })],
    });
    this.#making = { tracer: this.#provider.getTracer('codap', version()), ids };
  }

  /** Begins the span of a batch: a child of the one that the request's `traceparent` names, if any. */
  begin({ headers, method, scheme, route, caller, received, withValues }: Begun): BatchSpan {
    const parent = headers['traceparent'] === undefined ? ROOT_CONTEXT : this.#parentOf(headers);
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'url.path': route,
      'url.scheme': scheme,
      ...(caller !== undefined && { 'enduser.id': caller }),
    };
    const clock = new SpanClock();
    const options = { kind: SpanKind.SERVER, startTime: clock.at(received), attributes };
    const span = this.#making.tracer.startSpan(`${method} ${route}`, options, parent);
    return new BatchSpan(span, clock, headers['tracestate']?.toString(), { ...this.#making, withValues });
  }

  #parentOf(headers: Begun['headers']): Context {
    return this.#context.extract(ROOT_CONTEXT, headers, {
      get: (carrier, key) => (carrier as Begun['headers'])[key],
      keys: (carrier) => Object.keys(carrier as object),
    });
  }

  /** Exports what there is, as far as the collector takes it. Never rejects. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => {});
  }
}

/** Who exports: by default codap, else what the standard variables say. */
function resource(): Resource {
  const codap = resourceFromAttributes({ 'service.name': 'codap', 'service.version': version() });
  const detectors = [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(codap).merge(detectResources({ detectors }));
}

function samplerOf({ sampler, ratio }: Exporting): Sampler {
  let root: Sampler = new TraceIdRatioBasedSampler(ratio);
  if (sampler.endsWith('always_on')) root = new AlwaysOnSampler();
  if (sampler.endsWith('always_off')) root = new AlwaysOffSampler();
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** Says once when the collector takes nothing any more, and once when it does again. */
function telling(exporter: SpanExporter, logger: Pick<Logger, 'warn' | 'info'>): SpanExporter {
  let isDown = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !isDown) logger.warn({ err: result.error }, 'traces cannot be exported');
        if (!failed && isDown) logger.info('traces are exported again');
        isDown = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
