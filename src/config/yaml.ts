import {
  type Document,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  Scalar,
  type ToJSOptions,
  visit,
} from 'yaml';
import { isOutOfRange } from '../json/digits.ts';
import { ConfigError } from './fault.ts';
import { YamlNumber } from './yaml-number.ts';

/** What a YAML text holds. */
export interface Yaml {
  /** As data. */
  readonly plain: unknown;
  /** With a Map for each object, so that its keys keep their order, and a YamlNumber for each number. */
  readonly exact: unknown;
}

/**
 * Reads a YAML text; anchors, aliases and `<<` work. Throws ConfigError, whose faults name line and column
 * but repeat no text of the file.
 */
export function readYaml(text: string, file: string): Yaml {
  const document = parse(text, file);
  const exact = toData(document, file, { mapAsMap: true });
  return {
    exact,
    get plain() {
      visit(document, {
        Scalar(_key, scalar) {
          if (scalar.value instanceof YamlNumber) scalar.value = Number(scalar.value.value);
        },
      });
      return toData(document, file);
    },
  };
}

const DIRECTIVES = 'of directives, one %YAML 1.2 and %TAG with a handle and a prefix are allowed here';

function parse(text: string, file: string): Document.Parsed {
  const lineCounter = new LineCounter();
  // At level "warn" the library would write keys of the file to standard error.
  const options = {
    lineCounter,
    merge: true,
    prettyErrors: false,
    uniqueKeys,
    intAsBigInt: true,
    logLevel: 'error' as const,
  };
  const document = parseDocument(text, options);
  const placeOf = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    path: placeOf(pos[0]),
    detail: wordsOf(code, message),
  }));
  // By another version a number is another one: 010 is 8. It may be told once (YAML 1.2.2 §6.8.1).
  if (document.directives.docStart) {
    const head = text.slice(0, text.search(/(?<![^\n\uFEFF])---(?!\S)/));
    const versions = Array.from(head.matchAll(/(?<![^\n])\uFEFF?%YAML[ \t]+(1\.[12])(?!\S)/g));
    const wrong = versions.find(([, version], at) => at > 0 || version !== '1.2');
    if (wrong) faults.push({ path: placeOf(wrong.index), detail: DIRECTIVES });
  }
  // What is no text is another thing as a key: an alias of it is made what it names, where it stands.
  const named = new Map<string, Scalar>();
  visit(document, {
    Collection(_key, { anchor = '' }) {
      named.delete(anchor);
    },
    Alias(_key, { source, range }) {
      const scalar = named.get(source);
      return scalar && copyOf(scalar, range);
    },
    Scalar(key, scalar) {
      const { value, source = '', range, anchor } = scalar;
      if (value === 0 && isOutOfRange(source))
        faults.push({ path: placeOf(range![0]), detail: 'a number out of range' });
      const isNumber = typeof value === 'number' || typeof value === 'bigint';
      const isWord = isNumber || typeof value === 'boolean' || value === null;
      if (anchor !== undefined && isWord) named.set(anchor, copyOf(scalar, range));
      else if (anchor !== undefined) named.delete(anchor);
      // A key is a text: 1.10 is not 1.1.
      if (key === 'key' && isWord) scalar.value = source;
      else if (isNumber) scalar.value = new YamlNumber(value, source);
    },
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return document;
}

function copyOf({ value, source }: Scalar, range: Scalar['range']): Scalar {
  return Object.assign(new Scalar(value), { source, range });
}

/** Whether two keys are one, or would be as texts, as `1` and `"1"` are. */
function uniqueKeys(one: ParsedNode, other: ParsedNode): boolean {
  return isScalar(one) && isScalar(other) && (String(one.value) === String(other.value) || one.source === other.source);
}

/** What follows a colon in the parser's message is quoted from the file, where it may be a secret. */
function wordsOf(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'one document is allowed in a file';
  if (code === 'BAD_DIRECTIVE') return DIRECTIVES;
  return code === 'RESOURCE_EXHAUSTION' ? 'nested too deep' : message.replace(/: .*$/s, '');
}

function toData(document: Document.Parsed, file: string, options?: ToJSOptions): unknown {
  try {
    return document.toJS(options);
  } catch {
    throw new ConfigError([{ path: file, detail: 'an alias names no anchor before it, or there are too many' }]);
  }
}
