import { expect, it } from 'vitest';
import { findLeaks } from './leaks.ts';

it.each([
  '{"title":"Bad Gateway","status":502,"detail":"connect ECONNREFUSED 10.0.0.1:27017"}',
  '{"results":{"a":{"replies":[{"error":{"message":"no answer from mongodb://shop"}}]}}}',
  'id: 1\ndata: {"event":"end","error":{"message":"at /home/x"}}\n',
  '{"results":{"a":{"error":{"message":"Unexpected token < in JSON at position 0"}}}}',
])('a leak is found in %s', (body) => {
  expect(findLeaks(body)).toHaveLength(1);
});

it.each([
  '{"results":{"a":{"value":{"error":"http://127.0.0.1:1234/"},"status":"ok"}}}',
  '{"title":"Service Unavailable","status":503,"failures":[{"retryAfterMs":2000}]}',
  '',
  'http://127.0.0.1',
])('none in %s', (body) => {
  expect(findLeaks(body)).toEqual([]);
});
