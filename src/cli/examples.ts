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

function curl(title: string, url: string, body: string): string {
  return `# ${title}\ncurl -s ${url} -H 'content-type: application/json' -d '${body}'`;
}
