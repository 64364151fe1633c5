import type { Params } from '../batch/run/batch.ts';
import type { Steps, Work } from '../budget/work.ts';
import { MOST_FAULTS } from '../json/fault-list.ts';
import { entriesOf, hasMember, memberOf } from '../json/members.ts';
import { choice, missing } from '../store/choice.ts';
import type { Param } from './param.ts';

/** The parameters of a URL, as they were parsed: one that is repeated is a list. */
export type Given = Readonly<Record<string, string | readonly string[]>>;

/** What is wrong with a parameter of a URL; it repeats no value. */
export interface ParameterFault {
  readonly parameter: string;
  readonly detail: string;
}

/** The parameters of a saved batch, by their names. */
export class ParamSet {
  readonly #params: ReadonlyMap<string, Param>;

  constructor(params: ReadonlyMap<string, Param>) {
    this.#params = params;
  }

  has(name: string): boolean {
    return this.#params.has(name);
  }

  keys(): Iterable<string> {
    return this.#params.keys();
  }

  entries(): Iterable<readonly [string, Param]> {
    return this.#params;
  }

  /** Whether a request can do without any. */
  get areOptional(): boolean {
    return [...this.#params.values()].every(({ isRequired }) => !isRequired);
  }

  /** All of them as one object, as a JSON Schema (draft 2020-12). */
  get schema(): object {
    const required = [...this.#params].filter(([, { isRequired }]) => isRequired).map(([name]) => name);
    return {
      type: 'object',
      properties: Object.fromEntries([...this.#params].map(([name, { schema }]) => [name, schema])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    };
  }

  /** What a URL says, and what is wrong with that, but for names that it does not know. */
  ofUrl(given: Given): { readonly values: Params; readonly faults: readonly ParameterFault[] } {
    const faults: ParameterFault[] = [];
    const values = this.#each((name, param) => {
      const texts = textsOf(given, name);
      const value = texts && param.ofTexts(texts);
      if (texts && value === undefined) faults.push({ parameter: name, detail: param.refusalOf(texts) });
      else if (!texts && param.isRequired)
        faults.push({ parameter: name, detail: missing(name, `${param.allowed} is allowed`) });
      return value;
    });
    return { values, faults };
  }

  /** What the `params` of a body say; `report` hears of what is wrong with them, and where. */
  *ofBody(given: object, report: (name: string, detail: string) => void, work: Work): Steps<Params> {
    let unknown = 0;
    for (const [name] of entriesOf(given)) {
      if (work.tick()) yield;
      if (this.has(name)) continue;
      report(name, `no such parameter; ${choice([...this.keys()])}`);
      // No more are told.
      if (++unknown === MOST_FAULTS) break;
    }
    for (const [name, param] of this.#params) {
      if (!hasMember(given, name)) {
        if (param.isRequired) report(name, missing(name, `${param.allowed} is allowed`));
      } else if (!(yield* param.fitting(memberOf(given, name), work))) report(name, `${param.allowed} is allowed here`);
    }
    return this.#each((name) => memberOf(given, name));
  }

  #each(valueOf: (name: string, param: Param) => unknown): Params {
    const values: Record<string, unknown> = {};
    for (const [name, param] of this.#params) {
      const value = valueOf(name, param) ?? param.default;
      if (value !== undefined) values[name] = value;
    }
    return values;
  }
}

function textsOf(given: Given, name: string): readonly string[] | undefined {
  const texts = Object.hasOwn(given, name) ? given[name] : undefined;
  return typeof texts === 'string' ? [texts] : texts;
}
