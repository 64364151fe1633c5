import type { Document } from 'bson';
import { evalExpr } from 'mingo/core';
import type * as pipeline from 'mingo/operators/pipeline';
import type { AnyObject, Options } from 'mingo/types';
import { CODE, MongoFailure } from './failure.ts';

/** mingo lets a document that is pruned whole stay as nothing, and drops every null from arrays. */
export const $redact: typeof pipeline.$redact = (input, expression, options) => {
  const { local } = options as Options & { local?: { variables?: AnyObject } };
  // Without the root that mingo remembers, every document that is asked for is its own.
  const scope = {
    context: options.context,
    scriptEnabled: false,
    collation: options.collation,
    variables: { ...options.variables, ...local?.variables },
  } as unknown as Options;
  const namesRoot = JSON.stringify(expression).includes('$$ROOT');

  /** What is left of a document, undefined if nothing is. To an expression it is the whole document. */
  function redacted(document: Document): Document | undefined {
    const action: unknown = evalExpr(document, expression, scope);
    if (action === '$$KEEP') return document;
    if (action === '$$PRUNE') return undefined;
    if (action !== '$$DESCEND' || namesRoot)
      throw new MongoFailure(CODE.BadValue, '$redact needs $$KEEP, $$PRUNE, or $$DESCEND, which takes no $$ROOT');
    const members = Object.entries(document).map(([name, value]) => [name, within(value)] as const);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined));
  }

  function within(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(within).filter((member) => member !== undefined);
    const plain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    return plain ? redacted(value) : value;
  }

  return input.map((document: AnyObject) => redacted(document)).filter((document) => document !== undefined);
};
