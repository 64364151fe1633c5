import fc, { type GeneratorValue } from 'fast-check';
import type { Pattern } from '../../src/batch/plan/node.ts';
import { Chooser } from '../chooser.ts';
import { evaluate, Uncertain, type Written } from './evaluator.ts';
import { faults } from './simulated.ts';

const VALUES = [
  1,
  0,
  null,
  'text',
  [],
  [1, 'two'],
  { x: 1 },
  { x: [1, { x: 2 }], y: [{ x: 3 }, {}, { x: null }] },
  [{ x: 1 }, { y: 2 }],
];
const POINTERS = ['', '', '/x', '/x/1/x', '/y/*/x', '/0', '/*/x', '/*', '/a', '/1/a/x', '/*/b'];

const METAS = [{ etag: 'e' }, { etag: 'f', headers: { link: ['l', 'm'] } }, {}];
const META_POINTERS = ['', '/etag', '/headers/link/*', '/0/etag', '/*/etag', '/a/etag', '/1/a', '/*/b/headers/link'];

/** Writes random requests whose references name what stands earlier, in the own group or in one around it. */
export class Writer extends Chooser {
  queries(keyed: boolean, depth: number, names: readonly string[], item: boolean): Written[] | Record<string, Written> {
    const count = this.below(depth === 0 ? 5 : 4);
    const members: [string, Written][] = [];
    let required = false;
    for (let index = 0; index < count; index += 1) {
      const name = keyed ? 'abcde'.charAt(index) : String(index);
      const written = this.#member(depth, [...names, ...members.map(([key]) => key)], item);
      if (required) delete written['required'];
      required ||= written['required'] === true;
      members.push([name, written]);
    }
    return keyed ? Object.fromEntries(members) : members.map(([, written]) => written);
  }

  #member(depth: number, names: readonly string[], outer: boolean): Written {
    const list = this.chance(5) && (this.chance(2) ? this.#reference(names, outer) : this.#list(names, outer));
    const item = outer || list !== false;
    const modifiers: Written = { ...(list && { forEach: list }) };
    const both = this.chance(12);
    if (both || this.chance(12)) modifiers['when'] = this.#condition(names, item);
    if (both || this.chance(12)) modifiers['unless'] = this.#condition(names, item);
    if (this.chance(6)) modifiers['select'] = this.#selection(names, item);
    if (this.chance(6)) modifiers['default'] = this.of(VALUES);
    if (this.chance(8)) modifiers['hidden'] = true;
    if (this.chance(10)) modifiers['required'] = true;
    if (depth < 2 && this.chance(4)) {
      const pattern = this.of(['kv', 'ordered']);
      return { pattern, queries: this.queries(pattern === 'kv', depth + 1, names, item), ...modifiers };
    }
    if (this.chance(8)) modifiers['accept'] = 'found';
    const meta = this.chance(2) && { meta: this.of(METAS) };
    const fail = this.chance(6) && { fail: this.of(['TIMEOUT', 'NOT_FOUND', 'UNAVAILABLE']) };
    return {
      source: 'sim',
      op: 'get',
      params: { value: this.#template(names, item), turns: this.below(4), ...meta, ...fail },
      ...modifiers,
    };
  }

  #list(names: readonly string[], item: boolean): unknown[] {
    return Array.from({ length: this.below(4) }, () => this.#template(names, item));
  }

  #template(names: readonly string[], item: boolean): unknown {
    const part = () => this.#reference(names, item) || this.of(VALUES);
    return [
      () => this.of(VALUES),
      part,
      part,
      () => ({ x: part(), y: [part()] }),
      () => ({ $join: ['k', this.#reference(names, item) || 'none'] }),
    ][this.below(5)]?.();
  }

  #condition(names: readonly string[], item: boolean): unknown {
    const one = this.#reference(names, item) || this.of(VALUES);
    const list = this.#reference(names, item) || [1, 'two'];
    return this.of([one, { equals: [one, this.of(VALUES)] }, { in: [1, list] }]);
  }

  #selection(names: readonly string[], item: boolean): unknown {
    return this.chance(2) ? this.of(POINTERS) : { p: this.of(POINTERS), q: this.#reference(names, item) || '/x' };
  }

  #reference(names: readonly string[], item: boolean): Record<string, string> | false {
    if (item && this.chance(3)) return { $item: this.of(POINTERS) };
    if (names.length > 0 && this.chance(5)) return { $meta: `/${this.of(names)}${this.of(META_POINTERS)}` };
    return names.length > 0 && { $result: `/${this.of(names)}${this.of(POINTERS)}` };
  }
}

/** A random request that can be run, and what a sequential evaluator answers, if that can tell. */
export function evaluated(pattern: Pattern, g: GeneratorValue): { readonly body: Written; readonly expected: unknown } {
  const body = { queries: new Writer(g).queries(pattern === 'kv', 0, [], false) };
  fc.pre(Object.keys(faults(pattern, body)).length === 0);
  try {
    return { body, expected: evaluate(pattern, body) };
  } catch (error) {
    fc.pre(!(error instanceof Uncertain));
    throw error;
  }
}

/**
 * What both can say: no messages, replies in the order asked, and nothing of what a required failure
 * cancelled at some moment.
 */
export function comparable(actual: unknown, expected: unknown): unknown {
  if (expected === 'cancelled at some moment') return expected;
  if (typeof actual !== 'object' || actual === null) return actual;
  if (Array.isArray(actual)) {
    const inOrder = actual.every((one) => typeof one === 'object' && one !== null && 'index' in one)
      ? actual.toSorted((a, b) => (a as { index: number }).index - (b as { index: number }).index)
      : actual;
    return inOrder.map((one, index) => comparable(one, (expected as unknown[] | undefined)?.[index]));
  }
  const members = Object.entries(actual).filter(([key]) => key !== 'message' && key !== 'failures');
  return Object.fromEntries(
    members.map(([key, one]) => [key, comparable(one, (expected as Record<string, unknown> | undefined)?.[key])]),
  );
}
