import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';

/** Ids of spans and traces by chance, or, for one span, the id that has gone out already. */
export class GivenIds implements IdGenerator {
  /** The id of the span that is made next. */
  next: string | undefined;
  readonly #random = new RandomIdGenerator();

  readonly generateTraceId = (): string => this.#random.generateTraceId();

  readonly generateSpanId = (): string => {
    const id = this.next ?? this.#random.generateSpanId();
    this.next = undefined;
    return id;
  };
}
