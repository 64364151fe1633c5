import { ApiComponents, isJson, type Json } from './api-components.ts';
import { ApiSchemas, prose } from './api-schemas.ts';
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
  const api = new ApiComponents(document);
  const { shown } = new ApiSchemas(api);
  const isTaken = ({ in: place, name }: Json): boolean =>
    place === 'path' ||
    place === 'query' ||
    (place === 'header' && requestHeaders.includes(String(name).toLowerCase()));

  const described = (given: Json, own: object): object => defined({ description: prose(given['description']), ...own });
  const mediaType = ({ schema }: Json): object => ({ schema: shown(schema) });
  const content = (given: unknown): object | undefined => {
    if (!isJson(given)) return undefined;
    const types = Object.entries(given).map(([type, one]) => [type, api.part('mediaTypes', one, mediaType)]);
    return Object.fromEntries(types) as object;
  };
  const answering = (one: Json): object => described(one, { content: content(one['content']) });
  const requestBody = (one: Json): object =>
    described(one, { required: one['required'], content: content(one['content']) });

  const parameter = (one: Json): object => {
    const { name, in: place, required, deprecated, style, explode, schema } = one;
    const own = { name, in: place, required, deprecated, style, explode };
    const values = { schema: schema === undefined ? undefined : shown(schema), content: content(one['content']) };
    return described(one, { ...own, ...values });
  };
  const parameters = (...lists: unknown[]): object[] => {
    const all = lists.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
    // Those of an operation come after those of its path, and win (OpenAPI 3.1, Operation Object).
    const byPlace = new Map<string, unknown>();
    for (const given of all) {
      const one = api.resolved(given);
      if (isTaken(one)) byPlace.set(`${String(one['in'])} ${String(one['name'])}`, given);
    }
    return Array.from(byPlace.values(), (given) => api.part('parameters', given, parameter));
  };

  const operation = (given: Json, shared: unknown): object => {
    const { operationId, summary, deprecated, requestBody: body, responses } = given;
    return described(given, {
      operationId,
      summary: prose(summary),
      deprecated,
      parameters: parameters(shared, given['parameters']),
      requestBody: body === undefined ? undefined : api.part('requestBodies', body, requestBody),
      responses: Object.fromEntries(
        Object.entries(isJson(responses) ? responses : {})
          .filter(([status]) => !status.startsWith('x-'))
          .map(([status, one]) => [status, api.part('responses', one, answering)]),
      ),
    });
  };

  const allowed = methods.filter((method) => ops.includes(method));
  const there = (item: Json): typeof allowed => allowed.filter((method) => isJson(item[method]));
  const pathItem = (item: Json): object =>
    Object.fromEntries(there(item).map((method) => [method, operation(item[method] as Json, item['parameters'])]));
  const paths = Object.entries(document.paths)
    .filter(([path, item]) => path.startsWith('/') && there(api.resolved(item)).length > 0)
    .map(([path, item]) => [path, api.part('pathItems', item, pathItem)]);
  const shownPaths = Object.fromEntries(paths) as object;
  const components = api.told;
  return { paths: shownPaths, ...(Object.keys(components).length > 0 && { components }) };
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
