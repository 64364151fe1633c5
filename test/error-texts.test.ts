import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { parseAst } from 'vitest/node';
import { describe, expect, it } from 'vitest';
import { isLeak } from './leaks.ts';

/** A part of a program's tree, as ESTree has it. */
type Part = { type: string; start: number; end: number } & Record<string, unknown>;

/** Every layer that a client can hear of; the command line and the configuration speak to the operator alone. */
const FILES = globSync(['src/**/*.ts', 'adapters/**/*.ts', 'routes/**/*.ts']).filter(
  (file) => !/^src\/(?:cli|config|openapi|main|log)\b/.test(file),
);

/** What fills a gap in a sentence, by file: numbers and names of the configuration or of the request's language, nothing that a store or a driver said. */
const FILLED_IN: Record<string, string[]> = {
  'adapters/mongo/caps.ts': ['caps.documents', 'caps.bytes'],
  'adapters/mongo/data.ts': ['least'],
  'adapters/mongo/errors.ts': ['error.codeName', 'name'], // letters alone, a constant of MongoDB's
  'adapters/mongo/expression.ts': ["[...SYSTEM_VARIABLES].join(', ')"],
  'adapters/mongo/extended-json.ts': ['key', 'wrapper.holds'], // a wrapper's own
  'adapters/mongo/query.ts': ["[...lists.collections].join(', ')"],
  'adapters/mongo/stages.ts': ["[...walk.lists.collections].join(', ')"],
  'adapters/mongo/value.ts': ['name'], // a BSON type; the text stays with the cause
  'adapters/mongo/walk.ts': ["Object.keys(shape).join(', ')", 'key'], // an operator's own fields
  'adapters/rest/answer.ts': ['maxBytes'],
  'adapters/rest/compile.ts': ["options.methods.join(', ')"],
  'adapters/rest/failure.ts': ['status'],
  'adapters/rest/headers.ts': ["allowed.join(', ') || 'no header'"],
  'adapters/s3/compile.ts': ['most', 'KEY_BYTES'],
  'adapters/s3/failure.ts': ['status'],
  'adapters/s3/get.ts': ['maxBytes'],
  'adapters/s3/list.ts': ['options.maxBytes', 'most'],
  'routes/answer.ts': ["mediaTypes.join(', ')", 'encoding.mediaType'],
  'src/batch/batch.ts': ['this.options.limits.calls', 'this.options.limits.answerBytes'],
  'src/batch/plan.ts': [
    'this.#context.limits.calls',
    'this.#context.limits.queries',
    'this.#context.limits.keyChars',
    'this.#context.limits.nesting',
    "[...this.#context.sources.keys()].join(', ')",
    'field', // of the request's language
  ],
  'src/batch/run.ts': ['faults[0]'], // of these very texts
  'src/encodings/archive/names.ts': ['part', 'n', 'part.slice(0, dot)', 'part.slice(dot)'], // an entry's name
  'src/encodings/archive/send.ts': ['INCOMPLETE'],
  'src/encodings/archive/tar.ts': ['COLLECTED'],
  'src/encodings/compression.ts': ['String(vary)'], // a header
  'src/encodings/sse.ts': ['event', 'id', 'json'], // a frame
  'src/http/faults.ts': [
    'request.routeOptions.bodyLimit',
    'problem.status',
    'problem.title',
    'PROBLEM',
    'Buffer.byteLength(body)',
  ],
  'src/http/routing.ts': ['allow', "flags.join(', ')"],
  'src/json/parse.ts': ['maxDepth'],
  'src/json/scan.ts': ['this.#maxDepth', 'name', 'what', 'line', 'column', 'at'], // "the key" or "the string"
  'src/json/write.ts': ['MAX_DEPTH'],
  'src/patterns/first-reply.ts': ['place'],
  'src/patterns/kv.ts': ['JSON.stringify(key)'], // to the program that put it
  'src/patterns/ordered.ts': ['index'],
  'src/sources/open.ts': ["ops.join(', ')"],
};

/** Where an error is made of a text that does not stand there, or the text of an error is read. */
const PASSED_ON: Record<string, string[]> = {
  'adapters/fillable.ts': ['issue.message'], // of a schema of ours
  'adapters/mongo/data.ts': ['error.message'], // NotData's, made in filled.ts
  'adapters/mongo/errors.ts': ['message'], // of judge()
  'adapters/rest/failure.ts': ['message(status)'],
  'adapters/s3/failure.ts': ['message(code, status)'],
  'src/batch/plan.ts': ['issue.message'],
  'src/encodings/outcome.ts': ['error.message'], // CodapError's
  'src/errors.ts': ['message', '{ message }'],
  'src/http/faults.ts': ['error.message', '{ message }'], // BadRequest's and CodapError's
  'src/sources/open.ts': ['issue.message'],
};

const found = FILES.map((file) => {
  const code = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  const source = ({ start, end }: Part) => code.slice(start, end);
  const texts: string[] = [];
  const filledIn = new Set<string>();
  const passedOn = new Set<string>();
  for (const part of parts(parseAst(code))) {
    if (part.type === 'Literal' && typeof part['value'] === 'string') texts.push(part['value']);
    if (part.type === 'TemplateLiteral') {
      const text = (part['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join('…');
      texts.push(text);
      if (text.includes(' ')) for (const gap of part['expressions'] as Part[]) filledIn.add(source(gap));
    }
    if (part.type === 'NewExpression' && (part['callee'] as Part)['name'] === 'CodapError') {
      const [, message] = part['arguments'] as [Part, Part];
      if (!message.type.endsWith('Literal')) passedOn.add(source(message));
    }
    if (part.type === 'MemberExpression' && /^(?:message|stack)$/.test(String((part['property'] as Part)['name'])))
      passedOn.add(source(part));
    if (part.type === 'ObjectPattern') {
      for (const { key } of part['properties'] as { key?: Part }[])
        if (/^(?:message|stack)$/.test(String(key?.['name']))) passedOn.add(`{ ${String(key?.['name'])} }`);
    }
  }
  return { file, texts, filledIn: [...filledIn], passedOn: [...passedOn] };
});

function* parts(tree: unknown): Generator<Part> {
  if (typeof tree !== 'object' || tree === null) return;
  if ('type' in tree) yield tree as Part;
  for (const branch of Object.values(tree)) yield* parts(branch);
}

/** The files that have anything of a kind, with what they have. */
function byFile(kind: 'filledIn' | 'passedOn'): Record<string, string[]> {
  return Object.fromEntries(found.filter((one) => one[kind].length > 0).map((one) => [one.file, one[kind].toSorted()]));
}

const sorted = (lists: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(lists).map(([file, list]) => [file, list.toSorted()]));

describe('the texts of every layer', () => {
  it('are found', () => {
    const all = found.flatMap(({ texts }) => texts);
    expect(all).toContain('no connection to the store, or its answer was cut');
    expect(all).toContain('the body may have at most … bytes');
  });

  it('tell nothing that no error may tell', () => {
    // What tells an error of a driver or the system apart is not what is told.
    const told = found.flatMap(({ file, texts }) =>
      texts.filter((text) => text.includes(' ') && isLeak(text)).map((text) => `${file}: ${text}`),
    );
    expect(told).toEqual([]);
  });

  it('are filled in with nothing but these names and numbers', () => {
    expect(byFile('filledIn')).toEqual(sorted(FILLED_IN));
  });

  it('stand where the error is made, and no other error’s text is read but these of our own', () => {
    expect(byFile('passedOn')).toEqual(sorted(PASSED_ON));
  });
});
