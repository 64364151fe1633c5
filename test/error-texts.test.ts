import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { parseAst } from 'vitest/node';
import { describe, expect, it } from 'vitest';
import { CHALLENGE } from '../src/service/http/identify.ts';
import { isLeak } from './leaks.ts';

/** A part of a program's tree, as ESTree has it. */
type Part = { type: string; start: number; end: number } & Record<string, unknown>;

/**
 * Every layer that a client can hear of; the command line and the configuration speak to the operator alone.
 * Metrics, which are no sentences, have labels of the configuration; a page's script is none either.
 */
const FILES = globSync(['src/**/*.ts', 'adapters/**/*.ts', 'routes/**/*.ts']).filter(
  (file) =>
    !/^(?:src\/(?:cli|config|openapi|main|service\/log|observe\/exposition)|routes\/docs|adapters\/mongo\/connection-string)\b/.test(
      file,
    ),
);

const listed = (list: string) =>
  list
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}#.*$/, ''));

/** Constants of the code, and limits. */
const NUMBERS =
  /^(?:[A-Z_]+(?:\.toLocaleString\('en'\))?|(?:[\w.#]+\.)?(?:limits\.\w+|#?max\w+|bodyLimit)|keyChars|most|least|status)$/;

/**
 * What else fills a gap in a sentence, anywhere or in one file: names of the configuration or of the
 * request's language, nothing that a store or a driver said.
 */
const FILLED_IN = listed(`
  caps.documents
  caps.bytes
  ops.join(', ')
  allowed.join(', ') || 'no header'
  flags.join(', ')
  mediaTypes.join(', ')
  src/service/batches/answer-batch.ts: thereAre(asking.mediaTypes)  # these
  src/encodings/summary.ts: source  # of the configuration
  src/sources/why.ts: error.message  # CodapError's, for the operator
  src/sources/why.ts: word  # of one form, for the operator
  src/encodings/summary.ts: tenths(longest)
  replyTypes.join(', ')
  [...walk.lists.collections].join(', ')
  [...SYSTEM_VARIABLES].join(', ')
  wrapper.holds
  adapters/mongo/failure.ts: codeName  # a constant of MongoDB's, letters and a number
  adapters/mongo/failure.ts: code  # a number
  adapters/mongo/failure.ts: reasonOf(error, code)  # one of these
  adapters/s3/store-words.ts: why
  adapters/s3/store-words.ts: region  # of the form that AWS's names of regions have
  adapters/mongo/extended-json.ts: key  # a wrapper
  adapters/mongo/value.ts: name  # a type of BSON, in a text that stays with the cause
  adapters/rest/params.ts: headers.join(', ') || 'none'  # of the configuration
  adapters/rest/contents.ts: String(one['in'])  # a key of a Map
  adapters/rest/contents.ts: String(one['name'])
  adapters/mongo/driver-options.ts: name  # told to the operator, and so on
  adapters/mongo/driver-options.ts: instead
  src/store/named-file.ts: kind  # told to the operator, and so on
  src/store/named-file.ts: read.fault
  adapters/fillable.ts: what  # one of these very texts
  adapters/fillable.ts: isHole(value) ? '' : OR_REFERENCE
  adapters/mongo/walk.ts: what
  adapters/mongo/walk.ts: but
  adapters/mongo/data.ts: walk.takesReferences ? ', but a reference may' : ''
  src/store/check-schema.ts: isFillable(schema) ? OR_REFERENCE : ''
  adapters/rest/openapi.ts: wrong  # a place in the operator's file, and what is wrong there
  adapters/rest/openapi.ts: line
  adapters/rest/openapi.ts: col
  adapters/rest/openapi.ts: yamlWords(error)
  src/ground/read-file.ts: PATIENCE_MS / 1000
  src/ground/read-file.ts: mostBytes
  adapters/mongo/walk.ts: key  # an operator's own field
  choice(Object.keys(shape))
  choice(wrappersFor(walk))
  src/store/choice.ts: what  # a constant
  src/store/choice.ts: told.join(', ')  # names of the schema, the configuration, or the request's own queries
  src/store/choice.ts: others
  src/store/choice.ts: more
  src/store/choice.ts: name  # a field of the schema
  src/store/choice.ts: detail  # one of these very texts
  src/store/check-schema.ts: phrase(schema)
  src/store/check-schema.ts: phrase(discriminators(schema))
  src/store/check-schema.ts: schema.def.discriminator  # a field of the schema
  src/store/schema-bounds.ts: what
  src/store/schema-bounds.ts: of
  src/store/check-schema.ts: format
  src/batch/plan/plan-query.ts: names  # of the configuration
  src/service/batches/answer-batch.ts: encoding.mediaType
  routes/playground.ts: nonce  # random
  routes/start.ts: version()
  routes/start.ts: section('Pages', pages)
  routes/start.ts: section('Saved batches', others)
  routes/start.ts: address  # with the name of a saved batch
  routes/start.ts: extension
  routes/start.ts: params.areOptional ? \`<a href="\${address}">\${name}</a>\` : \`<code>\${address}</code>\`
  routes/start.ts: escaped(description)  # of the configuration
  routes/start.ts: [...(params.areOptional ? links : []), ...(asked.length ? [\`takes \${asked.join(', ')}\`] : [])].join(' · ')
  routes/start.ts: name  # of the configuration
  routes/start.ts: asked.join(', ')  # names of parameters
  src/service/batches/answer-batch.ts: acceptable[0]?.refuses?.(plan)  # a sentence of ours
  src/batch/run/reply-without.ts: toldOf(first, scope)  # a pointer, as who asks has written it
  src/batch/run/reply-without.ts: reference.told
  src/batch/template/reference.ts: this.word
  src/batch/template/reference.ts: shortened(this.pointer)
  src/batch/run/batch.ts: answerBytes  # a limit
  src/budget/work.ts: this.#most  # a limit
  src/batch/plan/plan-group.ts: field  # of the request's language
  src/batch/plan/plan-query.ts: field  # of the request's language
  src/batch/template/read-template.ts: word  # of the request's language
  src/batch/template/read-template.ts: named  # a query, a parameter, a claim
  src/batch/run/compile-params.ts: detail  # one of these very texts
  src/service/http/refuse-unknown.ts: allow  # methods
  src/service/http/url-parameters.ts: names.join(', ')  # of the configuration
  src/service/http/caching.ts: scope  # a header
  src/batch/plan/link.ts: choice([...params.keys()])  # of the configuration, and so on
  src/batch/plan/link.ts: choice(names)  # of queries, as who asks has written them
  adapters/mongo/pipeline.ts: choice(stages)
  src/saved/param-set.ts: choice([...this.keys()])
  src/saved/param-set.ts: param.allowed
  src/saved/param.ts: choice(SCALARS)
  src/saved/pages/page-encoding.ts: template.file  # for the log alone
  src/saved/param.ts: types.join(' or ')
  src/saved/param.ts: one.allowed
  src/saved/param.ts: this.allowed
  src/saved/param.ts: new Param(said).allowed
  src/saved/param.ts: pattern
  src/saved/param.ts: LISTED[type]
  src/saved/param.ts: minLength
  src/saved/param.ts: minimum
  src/saved/param.ts: ends[least]
  src/saved/param.ts: values.join(', ')
  src/saved/open-saved.ts: file  # told to the operator
  src/saved/open-saved.ts: name
  src/saved/open-saved.ts: pointer
  src/json/scan.ts: name  # "the key" or "the string"
  src/json/body-text.ts: what
  src/json/body-text.ts: line
  src/json/body-text.ts: column
  src/json/body-text.ts: at
  src/patterns/first-reply.ts: place  # told to the program that put it there
  src/patterns/kv.ts: JSON.stringify(key)
  src/patterns/ordered.ts: index
  src/encodings/archive/names.ts: part  # an entry's name, no sentence
  src/encodings/archive/names.ts: part.slice(0, dot)
  src/encodings/archive/names.ts: part.slice(dot)
  src/encodings/archive/names.ts: n
  src/service/http/vary.ts: String(named)
  src/service/http/vary.ts: header
  src/sources/resume.ts: offset  # a header
  adapters/mongo/command-span.ts: operation  # the name of a span, which a collector is told
  adapters/mongo/command-span.ts: collection
  src/observe/batch-span.ts: node.source.name
  src/observe/batch-span.ts: node.op
  src/observe/spans.ts: method
  src/observe/spans.ts: route
  src/observe/exporting.ts: allowed  # told to the operator
  src/observe/exporting.ts: what
  src/encodings/csv.ts: error.message  # NoTable's, made in table.ts
  src/encodings/csv.ts: mostBytes  # a limit
  src/encodings/table.ts: index
  adapters/mongo/merge.ts: mode  # of the name of a group, which is not told
  adapters/mongo/merge.ts: collection.length
  adapters/mongo/merge.ts: collection
  adapters/mongo/merge.ts: field.length
  adapters/mongo/merge.ts: field
  src/sources/layers/merge.ts: name.length  # of a key, which is not told
  src/sources/layers/merge.ts: name
  src/saved/pages/bounds.ts: what  # for the log alone
  src/saved/pages/date-filters.ts: text  # a date, no sentence
  src/saved/pages/date-filters.ts: month
  src/saved/pages/check-tokens.ts: name  # of a tag that there is
  src/saved/pages/tag-grammar.ts: tag
  src/saved/pages/tag-reader.ts: what  # a constant
  src/saved/pages/placed.ts: [file, ...(at ?? [])].join(':')  # told to the operator, and so on
  src/saved/pages/placed.ts: detail
  src/saved/pages/placed.ts: allowed
  src/saved/pages/placed.ts: tag  # a word between {% and the next blank
  src/saved/pages/placed.ts: filter  # a word behind a |
  src/saved/pages/unknown-names.ts: shown  # a name in a template
  src/saved/pages/unknown-names.ts: path.join('.')  # known names
  src/saved/pages/unknown-names.ts: what
  src/saved/pages/unknown-names.ts: choice([...names.keys()], undefined, 'there are')
  src/saved/pages/template-file.ts: why
  src/saved/pages/templates.ts: JSON.stringify(name)  # of a file
  src/saved/pages/templates.ts: names  # of files
  src/saved/pages/templates.ts: read.fault
  src/encodings/weak-tag.ts: between  # what is hashed
  src/encodings/weak-tag.ts: names
  src/encodings/weak-tag.ts: error?.code ?? ''
  src/encodings/sse.ts: event  # a frame
  src/encodings/sse.ts: id
  src/service/http/faults.ts: problem.status  # a head
  src/service/http/faults.ts: id  # a head: visible ASCII
  adapters/http/h1/head.ts: part  # the cause of an error, made in h1/
  adapters/http/h1/request-head.ts: method  # the head of a request, and so on
  adapters/http/h1/request-head.ts: target
  adapters/http/h1/request-head.ts: host
  adapters/http/h1/request-head.ts: option
  adapters/http/h1/request-head.ts: fields[at]
  adapters/http/h1/request-head.ts: fields[at + 1]
  adapters/http/h1/request-head.ts: last.lines
  adapters/http/h1/request-head.ts: head
  adapters/http/h1/request-head.ts: length
  src/service/http/faults.ts: phraseOf(problem.status)
  src/service/http/faults.ts: new Date().toUTCString()
  src/service/http/faults.ts: Buffer.byteLength(body)
  src/callers/fetch-key-set.ts: statusCode
  src/agents/mcp-handler.ts: there  # names of the configuration
  src/agents/described-part.ts: choice(pointers, most >> 1)  # names that the description has
  src/agents/tool-fault.ts: pointer  # of a fault, and one of these very texts
  src/agents/tool-fault.ts: detail
  src/agents/tool-fault.ts: fragment(failure.path)
  src/agents/tool-fault.ts: told(failure.error)
  src/agents/tool-fault.ts: told(error)
  src/agents/tool-fault.ts: Math.ceil(retryAfterMs)
  src/agents/tool-fault.ts: code
  src/agents/tool-fault.ts: message  # CodapError's
  src/agents/tool-fault.ts: source
  src/agents/tool-fault.ts: later
  src/agents/tool-fault.ts: more
  src/agents/tools.ts: OWN_TOOLS.describe  # what an agent is told of tools: names of the configuration
  src/agents/tools.ts: name
  src/agents/tools.ts: adapter
  src/agents/tools.ts: notation
  src/agents/tools.ts: listed.join('; ')`);

/** Where an error is made of a text that does not stand there, or the text of an error is read. */
const PASSED_ON = listed(`
  src/store/yaml-words.ts: { message }  # the YAML parser's, without what it quotes
  src/store/check-schema.ts: issue.message  # of a schema of ours
  src/store/check-schema.ts: { message }
  adapters/mongo/walk.ts: error.message  # NotData's, made in filled.ts
  adapters/mongo/failure.ts: message  # of judge()
  adapters/mongo/failure.ts: { stack }  # tells where it was thrown, is not told
  adapters/mongo/unreachable.ts: failure.message  # tells errors of the driver apart, is not told
  adapters/rest/failure.ts: message(status)
  adapters/s3/failure.ts: says
  adapters/http/transport-failure.ts: error.message  # tells errors of undici apart, is not told
  src/encodings/csv.ts: error.message  # NoTable's, made in table.ts
  src/service/http/send-answer.ts: cause.message  # NotAcceptable's, made in csv.ts
  src/service/http/send-failed.ts: error.message  # CodapError's
  src/sources/why.ts: error.message  # CodapError's
  src/sources/told-failures.ts: error.message  # CodapError's, for the log
  src/service/describe-source.ts: message  # CodapError's
  adapters/mongo/contents.ts: { message }  # CodapError's
  src/service/describe-source.ts: { message }
  src/saved/pages/placed.ts: error.message  # LiquidJS's, for the operator and the log
  src/saved/pages/templates.ts: error.message  # FileFault's, made in template-file.ts
  src/errors.ts: this.message
  src/saved/pages/parse-on.ts: { message }  # Misread's, made in tag-reader.ts
  src/errors.ts: { message }
  src/service/http/faults.ts: error.message  # BadRequest's
  src/service/batches/conduct.ts: why  # said in admission.ts and front.ts
  src/service/http/faults.ts: { message }  # CodapError's
  src/agents/tool-fault.ts: { message }  # CodapError's`);

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

/** What was found of a kind, with its file, that is not on the list. */
const unlisted = (kind: 'filledIn' | 'passedOn', listed: readonly string[]) =>
  found.flatMap((one) =>
    one[kind]
      .filter((part) => !NUMBERS.test(part) && !listed.includes(part) && !listed.includes(`${one.file}: ${part}`))
      .map((part) => `${one.file}: ${part}`),
  );

/** What is on the list of a kind and was not found, or is there twice. */
const idle = (kind: 'filledIn' | 'passedOn', listed: readonly string[]) => {
  const there = new Set(found.flatMap((one) => one[kind].flatMap((part) => [part, `${one.file}: ${part}`])));
  return listed.filter((entry, at) => !there.has(entry) || listed.indexOf(entry) !== at);
};

describe('the texts of every layer', () => {
  it('are found', () => {
    const all = found.flatMap(({ texts }) => texts);
    expect(all).toContain('no connection to the store, or its answer was cut');
    expect(all).toContain('the body may have at most … bytes');
  });

  it('tell nothing that no error may tell', () => {
    // What tells an error of a driver or the system apart is not what is told, and a challenge holds no key.
    const told = found.flatMap(({ file, texts }) =>
      texts
        .filter((text) => text.includes(' ') && text !== CHALLENGE && isLeak(text))
        .map((text) => `${file}: ${text}`),
    );
    expect(told).toEqual([]);
  });

  it('are filled in with nothing but these names and numbers', () => {
    expect(found.flatMap(({ filledIn }) => filledIn).length).toBeGreaterThan(30);
    expect(unlisted('filledIn', FILLED_IN), 'if it can be told, it belongs on the list').toEqual([]);
  });

  it('stand where the error is made, and no other error’s text is read but these of our own', () => {
    expect(found.flatMap(({ passedOn }) => passedOn).length).toBeGreaterThan(5);
    expect(unlisted('passedOn', PASSED_ON), 'if it can be told, it belongs on the list').toEqual([]);
  });

  it('lists nothing that is not there', () => {
    expect(idle('filledIn', FILLED_IN)).toEqual([]);
    expect(idle('passedOn', PASSED_ON)).toEqual([]);
  });
});
