import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// TypeScript knows more than one argument of these since 5.6, and README.md names an older one.
it.each(globSync('src/patterns/*.ts'))('%s is declared in terms that TypeScript 5.0 knows', (file) => {
  const declared = readFileSync(file, 'utf8').match(/\b(?:Async)?Iterable(?:Iterator)?<(?:\w+|\[[^\]]*\]),.*/g);
  expect(declared).toBeNull();
});
