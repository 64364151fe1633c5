/**
 * What an agent's model writes and reads, where it finds out what a customer has ordered lately and what of
 * that is in stock: by one call of a tool per question, and by one batch. Takes the address of `codap demo`.
 */
const [, , url = 'http://127.0.0.1:8080'] = process.argv;

const user = { source: 'shop', op: 'findOne', params: { collection: 'users', projection: { name: 1 } } };
const orders = {
  source: 'shop',
  op: 'find',
  params: { collection: 'orders', projection: { sku: 1, total: 1 }, sort: { at: -1 }, limit: 3 },
};
const product = { source: 'shop', op: 'findOne', params: { collection: 'products', projection: { title: 1 } } };
const stock = { source: 'catalog', op: 'get' };
const filtered = <Q extends { params: object }>(query: Q, filter: object) => ({
  ...query,
  params: { ...query.params, filter },
});

function giveUp(): never {
  console.error(`No codap with server.mcp answers at ${url}: start the demo (npm start), or name its address.`);
  process.exit(1);
}

interface Cost {
  calls: number;
  turns: number;
  written: number;
  read: number;
}

/** One turn of the model: calls `run_batch` for each of these at once; counts what it writes and reads. */
function turn(batches: readonly Record<string, object>[], cost: Cost): Promise<Record<string, unknown>[]> {
  cost.turns += 1;
  return Promise.all(
    batches.map(async (queries) => {
      cost.calls += 1;
      const params = { name: 'run_batch', arguments: { pattern: 'kv', queries } };
      const response = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: cost.calls, method: 'tools/call', params }),
      }).catch(() => undefined);
      if (!response?.ok) giveUp();
      const { result } = (await response.json()) as { result: { content: [{ text: string }]; isError?: boolean } };
      const [{ text }] = result.content;
      if (result.isError) throw new Error(text);
      cost.written += Buffer.byteLength(JSON.stringify(params));
      cost.read += Buffer.byteLength(text);
      return (JSON.parse(text) as { results: Record<string, unknown> }).results;
    }),
  );
}

/** One question per call; those that need nothing of each other are asked in one turn. */
async function bySingleCalls(email: string): Promise<Cost> {
  const cost: Cost = { calls: 0, turns: 0, written: 0, read: 0 };
  const [customer = {}] = await turn([{ a: filtered(user, { email }) }], cost);
  const { _id: userId } = customer['a'] as { _id: string };
  const [bought = {}] = await turn([{ a: filtered(orders, { userId: { $oid: userId } }) }], cost);
  const questions = (bought['a'] as { sku: string }[]).flatMap(({ sku }) => [
    { a: filtered(product, { sku }) },
    { a: { ...stock, params: { path: ['stock', sku] } } },
  ]);
  await turn(questions, cost);
  return cost;
}

/** The same by one batch: what one query needs of another stands in it as a reference. */
async function byOneBatch(email: string): Promise<Cost> {
  const cost: Cost = { calls: 0, turns: 0, written: 0, read: 0 };
  const queries = {
    user: filtered(user, { email }),
    orders: filtered(orders, { userId: { $result: '/user/_id' } }),
    products: { forEach: { $result: '/orders' }, ...filtered(product, { sku: { $item: '/sku' } }) },
    stock: { forEach: { $result: '/orders' }, ...stock, params: { path: ['stock', { $item: '/sku' }] } },
  };
  await turn([queries], cost);
  return cost;
}

const email = 'ada@shop.example';
const rows = [
  ['', 'calls', 'turns', 'written', 'read'],
  ...Object.entries({ 'single calls': await bySingleCalls(email), 'one batch': await byOneBatch(email) }).map(
    ([name, { calls, turns, written, read }]) => [name, calls, turns, written, read],
  ),
];
for (const [name, ...figures] of rows)
  console.log(String(name).padEnd(14) + figures.map((figure) => String(figure).padStart(9)).join(''));
