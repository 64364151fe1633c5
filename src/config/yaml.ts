import {
  type Document,
  isCollection,
  isScalar,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import { isOutOfRange } from '../json/digits.ts';
import { TOO_DEEP, yamlWords } from '../store/yaml-words.ts';
import { Aliases, copyOf, DEEPEST, TOO_MANY } from './aliases.ts';
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
  const exact: unknown = document.toJS({ mapAsMap: true });
  return {
    exact,
    get plain() {
      visit(document, {
        Scalar(_key, scalar) {
          if (scalar.value instanceof YamlNumber) scalar.value = Number(scalar.value.value);
        },
      });
      return document.toJS() as unknown;
    },
  };
}

const NOT_MERGED = 'by << an object, or a list of them, is allowed here';

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
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    path: placeOf(error.pos[0]),
    detail: error.code === 'BAD_DIRECTIVE' ? DIRECTIVES : yamlWords(error),
  }));
  // By another version a number is another one: 010 is 8. It may be told once (YAML 1.2.2 §6.8.1).
  if (document.directives.docStart) {
    const head = text.slice(0, text.search(/(?<![^\n\uFEFF])---(?!\S)/));
    const versions = Array.from(head.matchAll(/(?<![^\n])\uFEFF?%YAML[ \t]+(1\.[12])(?!\S)/g));
    const wrong = versions.find(([, version], at) => at > 0 || version !== '1.2');
    if (wrong) faults.push({ path: placeOf(wrong.index), detail: DIRECTIVES });
  }
  const aliases = new Aliases();
  const visited = new Set<unknown>();
  const fault = (range: ParsedNode['range'] | null | undefined, detail: string): symbol => {
    faults.push({ path: placeOf(range?.[0] ?? 0), detail });
    return visit.SKIP;
  };
  visit(document, {
    Collection(_key, collection, path) {
      // What an alias stands for was visited where it is written.
      if (visited.has(collection)) return visit.SKIP;
      visited.add(collection);
      aliases.name(collection.anchor, collection);
      return path.filter(isCollection).length < DEEPEST ? undefined : fault(collection.range, TOO_DEEP);
    },
    Pair(_key, pair) {
      if (!aliases.isMergeable(pair)) fault((pair as Pair<ParsedNode>).key.range, NOT_MERGED);
    },
    Alias(_key, alias, path) {
      const found = aliases.resolve(alias, path);
      if (typeof found !== 'string') return found;
      fault(alias.range, found);
      return found === TOO_MANY ? visit.BREAK : visit.SKIP;
    },
    Scalar(key, scalar) {
      const { value, source = '', range, anchor } = scalar;
      if (value === 0 && isOutOfRange(source)) fault(range, 'a number out of range');
      const isNumber = typeof value === 'number' || typeof value === 'bigint';
      // As a key, what is no text is another thing: an alias names what it was.
      aliases.name(anchor, copyOf(scalar, range));
      // A key is a text: 1.10 is not 1.1.
      if (key === 'key' && (isNumber || typeof value === 'boolean' || value === null)) scalar.value = source;
      else if (isNumber) scalar.value = new YamlNumber(value, source);
    },
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return document;
}

/** Whether two keys are one, or would be as texts, as `1` and `"1"` are. */
function uniqueKeys(one: ParsedNode, other: ParsedNode): boolean {
  return isScalar(one) && isScalar(other) && (String(one.value) === String(other.value) || one.source === other.source);
}
