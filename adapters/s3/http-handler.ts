import { buildQueryString, HttpResponse, type HttpHandler, type HttpRequest } from '@smithy/core/protocols';
import { Agent } from 'undici';
import { askUndici } from '../http/undici-answer.ts';
import { answerHeaders } from './answer-headers.ts';

/** Sends the SDK's requests by undici, which copies no body and can be told into which memory to read it. */
export class UndiciHandler implements HttpHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #agent: Agent;

  constructor(options: Agent.Options) {
    this.#agent = new Agent(options);
  }

  async handle(
    { protocol, hostname, port, path, query, method, headers }: HttpRequest,
    { abortSignal }: { abortSignal?: unknown } = {},
  ): Promise<{ response: HttpResponse }> {
    const asked = buildQueryString(query);
    const { status, reason, fields, body } = await askUndici(this.#agent, {
      origin: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`,
      path: asked === '' ? path : `${path}?${asked}`,
      method,
      headers,
      signal: abortSignal as AbortSignal,
    });
    return { response: new HttpResponse({ statusCode: status, reason, headers: answerHeaders(fields), body }) };
  }

  destroy(): void {
    this.#agent.destroy().catch(() => {});
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {};
  }
}
