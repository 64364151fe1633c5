import { ApiSchemas, isJson, prose, type Json } from './api-schemas.ts';
import type { OpenApi } from './openapi.ts';
import type { RestOptions } from './options.ts';

/** What decides which part of an API can be asked for. */
type Allowed = Pick<RestOptions, 'methods' | 'ops' | 'requestHeaders'>;

/**
 * The paths of an OpenAPI file with the operations that the source allows: parameters, body and responses as
 * they stand there, but no server, no examples and no header that a query may not set. It is a part of an
 * OpenAPI document, in which every `$ref` leads somewhere.
 */
export function restContents(document: OpenApi, { methods, ops = methods, requestHeaders }: Allowed): object {
  const api = new ApiSchemas(document);
  const isTaken = ({ in: place, name }: Json): boolean =>
    place === 'path' ||
    place === 'query' ||
    (place === 'header' && requestHeaders.includes(String(name).toLowerCase()));

  const content = (given: unknown): object | undefined => {
    if (!isJson(given)) return undefined;
    const types = Object.entries(given).map(([type, media]) => [
      type,
      { schema: api.shown(api.resolved(media)['schema']) },
    ]);
    return Object.fromEntries(types) as object;
  };
  const described = (given: Json, own: object): object => defined({ description: prose(given['description']), ...own });

  const parameters = (...lists: unknown[]): object[] => {
    const all = lists.flatMap((list) => (Array.isArray(list) ? list : [])).map((one) => api.resolved(one));
    // Those of an operation come after those of its path, and win (OpenAPI 3.1, Operation Object).
    const byPlace = new Map(all.filter(isTaken).map((one) => [`${String(one['in'])} ${String(one['name'])}`, one]));
    return [...byPlace.values()].map((one) => {
      const { name, in: place, required, deprecated, style, explode, schema } = one;
      const shown = schema === undefined ? undefined : api.shown(schema);
      const own = { name, in: place, required, deprecated, style, explode, schema: shown };
      return described(one, { ...own, content: content(one['content']) });
    });
  };

  const operation = (given: Json, shared: unknown): object => {
    const { operationId, summary, deprecated, requestBody, responses } = given;
    const body = requestBody === undefined ? undefined : api.resolved(requestBody);
    return described(given, {
      operationId,
      summary: prose(summary),
      deprecated,
      parameters: parameters(shared, given['parameters']),
      requestBody: body && described(body, { required: body['required'], content: content(body['content']) }),
      responses: Object.fromEntries(
        Object.entries(isJson(responses) ? responses : {})
          .filter(([status]) => !status.startsWith('x-'))
          .map(([status, one]) => [status, api.resolved(one)] as const)
          .map(([status, one]) => [status, described(one, { content: content(one['content']) })]),
      ),
    });
  };

  const allowed = methods.filter((method) => ops.includes(method));
  const paths = Object.entries(document.paths).flatMap(([path, item]) => {
    const { parameters: shared, ...given } = api.resolved(item);
    const there = allowed.filter((method) => path.startsWith('/') && isJson(given[method]));
    const operations = there.map((method) => [method, operation(given[method] as Json, shared)]);
    return operations.length === 0 ? [] : [[path, Object.fromEntries(operations) as object]];
  });
  const components = api.named.size === 0 ? {} : { components: { schemas: Object.fromEntries(api.named) as object } };
  return { paths: Object.fromEntries(paths) as object, ...components };
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
