import { buildQueryString, HttpResponse, type HttpHandler, type HttpRequest } from '@smithy/core/protocols';
import { Agent } from 'undici';
import { isFramed } from '../http/field-values.ts';
import { headFailure, unknownTransfer } from '../http/transport-failure.ts';
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
    const request = this.#agent.request({
      origin: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`,
      path: asked === '' ? path : `${path}?${asked}`,
      method,
      headers,
      signal: abortSignal as AbortSignal,
    });
    const answer = await request.catch((error: unknown) => {
      throw headFailure(error);
    });
    const { statusCode, statusText: reason, body } = answer;
    if (!isFramed(answer.headers['transfer-encoding'])) {
      body.on('error', () => {}).destroy();
      throw unknownTransfer(statusCode);
    }
    return { response: new HttpResponse({ statusCode, reason, headers: answerHeaders(answer.headers), body }) };
  }

  destroy(): void {
    this.#agent.destroy().catch(() => {});
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {};
  }
}
