import type { Reference } from './reference.ts';

/** What a forEach runs over: a list referred to, or one written out, of values and ItemTemplates. */
export type ForEach = Reference | readonly unknown[];

/** An item of a list that the request writes out, with references in it. */
export class ItemTemplate {
  readonly template: unknown;
  readonly references: readonly Reference[];

  constructor(template: unknown, references: readonly Reference[]) {
    this.template = template;
    this.references = references;
  }
}
