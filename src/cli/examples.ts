/** Three command lines worth a look, one per pattern, for the demo's sample data. */
export function examples(address: string): string {
  return [
    curl(
      'KV: a customer, her latest orders, and a link to the picture of each',
      `${address}/kv`,
      `{ "queries": {
    "user":   { "source": "shop", "op": "findOne", "params": { "collection": "users", "filter": { "email": "ada@shop.example" } } },
    "orders": { "source": "shop", "op": "find", "params": { "collection": "orders", "filter": { "userId": { "$result": "/user/_id" } }, "sort": { "at": -1 }, "limit": 3 } },
    "covers": { "forEach": { "$result": "/orders/*/sku" }, "source": "photos", "op": "presignGetObject", "params": { "key": { "$join": ["covers/", { "$item": "" }, ".svg"] } } } } }`,
    ),
    curl(
      'Ordered: two lists from two stores, in the order asked',
      `${address}/ordered`,
      `{ "queries": [
    { "source": "shop", "op": "find", "params": { "collection": "products", "filter": { "category": "poetry" } } },
    { "source": "catalog", "op": "get", "params": { "path": "/products", "query": { "category": "poetry" } } } ] }`,
    ),
    curl(
      'FirstReply: three price services asked, the first two answers taken',
      `${address}/first-reply`,
      `{ "take": 2, "queries": [
    { "source": "pricing-eu", "op": "get", "params": { "path": "/quote", "query": { "sku": "B-101" } } },
    { "source": "pricing-us", "op": "get", "params": { "path": "/quote", "query": { "sku": "B-101" } } },
    { "source": "pricing-asia", "op": "get", "params": { "path": "/quote", "query": { "sku": "B-101" } } } ] }`,
    ),
  ].join('\n\n');
}

/** The same where callers are told apart: their keys, and what each of them may ask. */
export function callersExamples(
  address: string,
  { app, screen }: { readonly app: string; readonly screen: string },
): string {
  const users =
    '{ "queries": { "users": { "source": "shop", "op": "find", "params": { "collection": "users", "limit": 2 } } } }';
  return [
    `app:    ${app}\nscreen: ${screen}`,
    `# Without a key there is nothing: 401\ncurl -si ${address}/sources`,
    `# app names two of the sources, and knows of no other\ncurl -s ${address}/sources ${bearer(app)}`,
    curl('app asks a batch of its own', `${address}/kv ${bearer(app)}`, users),
    `# screen runs a saved batch, whatever sources that names\ncurl -s ${address}/batches/quotes.json ${bearer(screen)}`,
    curl('and no other: 403', `-i ${address}/kv ${bearer(screen)}`, users),
  ].join('\n\n');
}

function curl(title: string, url: string, body: string): string {
  return `# ${title}\ncurl -s ${url} -H 'content-type: application/json' -d '${body}'`;
}

function bearer(key: string): string {
  return `-H 'authorization: Bearer ${key}'`;
}
