import { Tokenizer } from 'liquidjs';
import { choice } from '../../store/choice.ts';
import { pageFilters } from './filters.ts';

/** What is wrong in a tag or an output; it quotes nothing of a template. */
export class Misread extends Error {
  /** Where, in the text of the file. */
  readonly begin: number;

  constructor(detail: string, begin: number) {
    super(detail);
    this.begin = begin;
  }
}

/**
 * Reads what stands in a tag or an output as LiquidJS does, but passes over nothing: LiquidJS takes two
 * values side by side for the first of them, and leaves off where it knows no further. What reads throws
 * Misread where something else stands.
 */
export class TagReader extends Tokenizer {
  /** An expression and the filters behind it; in a list, up to a comma. */
  filtered(isInList = false): void {
    this.#expression();
    while (!this.isAtEnd()) {
      if (isInList && this.peek() === ',') return;
      this.#filter();
    }
  }

  /** A text, a number, a word such as `true`, a range, or what is named, with its members. */
  value(): void {
    this.skipBlank();
    const isThere = Boolean(this.readLiteral()) || this.quoted() || Boolean(this.readNumber()) || this.#range();
    if (!this.#members(isThere)) this.expected('a value');
  }

  /** A text in quotes, if one is next. */
  quoted(): boolean {
    this.skipBlank();
    const begin = this.p;
    const quote = this.peek();
    if (quote !== '"' && quote !== "'") return false;
    for (this.p++; !this.end(); this.p++) {
      const character = this.peek();
      if (character === '\\') this.p++;
      else if (character === quote) {
        this.p++;
        return true;
      }
    }
    throw new Misread('the text that begins here has no second quote', begin);
  }

  name(what = 'a name'): void {
    if (!this.readNonEmptyIdentifier()) this.expected(what);
  }

  /** Whether this word, or character, is next, which is passed then. */
  passes(mark: string): boolean {
    this.skipBlank();
    const begin = this.p;
    const next = /\w/.test(mark) ? this.readIdentifier().content : this.peek();
    this.p = next === mark ? begin + mark.length : begin;
    return next === mark;
  }

  /** Passes this word or character. */
  mark(mark: string): void {
    if (!this.passes(mark)) this.expected(`"${mark}"`);
  }

  /** Whether this word and a value are next, which are passed then; before a colon it names an argument. */
  binds(word: string): boolean {
    const begin = this.p;
    if (this.passes(word) && !this.passes(':')) {
      this.value();
      return true;
    }
    this.p = begin;
    return false;
  }

  /** `name: value`, with commas or without. All names there are, if `known`; a flag has no value. */
  named(known?: readonly string[], flag?: string): void {
    const given = new Set<string>();
    while (!this.isAtEnd()) {
      this.passes(',');
      if (this.isAtEnd()) return;
      const begin = this.p;
      const name = this.readIdentifier().content;
      if (known && !known.includes(name)) throw new Misread(choice(known), begin);
      if (name === '') this.expected('a name, ":" and a value');
      if (given.has(name)) throw new Misread('this name is given twice', begin);
      given.add(name);
      if (name === flag) continue;
      this.mark(':');
      this.value();
    }
  }

  isAtEnd(): boolean {
    this.skipBlank();
    return this.end();
  }

  /** Throws Misread: this is expected next. */
  expected(what: string): never {
    this.skipBlank();
    throw new Misread(`expected ${what}`, this.p);
  }

  /** Values with operators between them. */
  #expression(): void {
    let operator: string | undefined = 'and';
    while (operator !== undefined) {
      // Behind any other operator, LiquidJS applies `not` to nothing.
      if (operator === 'and' || operator === 'or') while (this.passes('not'));
      const begin = this.p;
      if (this.readOperator()) {
        this.p = begin;
        this.expected('a value');
      }
      this.value();
      operator = this.#operator();
    }
  }

  /** The operator between two values, if one is next. */
  #operator(): string | undefined {
    const begin = this.p;
    const operator = this.readOperator()?.operator;
    if (operator !== 'not') return operator;
    this.p = begin;
    return undefined;
  }

  #filter(): void {
    if (!this.passes('|')) this.#expectedFilter();
    this.name('the name of a filter');
    if (this.passes(':')) {
      do {
        this.value();
        if (this.passes(':')) this.value();
      } while (this.passes(','));
      if (!this.isAtEnd() && this.peek() !== '|') this.expected('"," before an argument, or "|" before a filter');
    } else if (!this.isAtEnd() && this.peek() !== '|' && this.peek() !== ',')
      this.expected('":" before the arguments of a filter');
  }

  /** Throws Misread: something else follows a value. */
  #expectedFilter(): never {
    this.skipBlank();
    const begin = this.p;
    if (/^[^=<>!]=[^=<>]/.test(this.input.slice(begin - 1, begin + 2)))
      throw new Misread('values are compared by ==', begin);
    const isFilter = Object.hasOwn(pageFilters, this.readIdentifier().content);
    this.p = begin;
    this.expected(isFilter ? '"|" before a filter' : '"|" before a filter, or an operator such as ==');
  }

  #range(): boolean {
    if (!this.passes('(')) return false;
    this.value();
    this.skipBlank();
    if (!this.match('..')) this.expected('".."; in parentheses stands a range, such as (1..5), and nothing else');
    this.p += 2;
    this.value();
    this.mark(')');
    return true;
  }

  /** The members of a value, or the name of one and its members: whether there is a value. */
  #members(isThere: boolean): boolean {
    for (let isFound = isThere; ; isFound = true) {
      if (this.peek() === '[') {
        this.p++;
        this.value();
        this.mark(']');
      } else if (this.peek() === '.' && this.peek(1) !== '.') {
        this.p++;
        this.name();
      } else if (isFound || !this.readNonEmptyIdentifier()) return isFound;
    }
  }
}
