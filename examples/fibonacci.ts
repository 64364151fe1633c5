/** Fibonacci numbers by recursion, with each of the three patterns. */
import { FirstReply, KV, Ordered } from 'codap';

/** The nth Fibonacci number, its two halves at once. */
async function fibonacci(n: number): Promise<number> {
  if (n < 2) return n;
  const halves = new Ordered<number>();
  halves.push(fibonacci, n - 1);
  halves.push(fibonacci, n - 2);
  const [a = 0, b = 0] = await halves.slice();
  return a + b;
}

const numbers = [10, 7, 12, 3, 0];

// By key: each number waits for the two before it, for those keys alone, and is computed once.
const memo = new KV<number>();
function known(n: number): Promise<number> {
  const key = String(n);
  if (!memo.has(key)) memo.put(key, sum, n);
  return memo.get(key);
}
function sum(n: number): number | Promise<number> {
  if (n < 2) return n;
  return Promise.all([known(n - 1), known(n - 2)]).then(([a, b]) => a + b);
}
console.log('KV: fibonacci(70) is', await known(70), 'and fibonacci(40)', await known(40));

// In the order asked, as often as one likes.
const ordered = new Ordered<number>();
for (const n of numbers) ordered.push(fibonacci, n);
for await (const value of ordered) console.log('Ordered:', value);
console.log('Ordered, the second and third:', await ordered.slice(1, 3));

// In order of arrival: a reply may lead to further pushes.
const replies = new FirstReply<[n: number, value: number]>({ concurrency: 2 });
const paired = async (n: number): Promise<[number, number]> => [n, await fibonacci(n)];
for (const n of numbers) replies.push(paired, n);
for await (const [n, value] of replies) {
  console.log(`FirstReply: fibonacci(${n}) is ${value}`);
  if (n === 12) replies.push(paired, n + 1);
}
