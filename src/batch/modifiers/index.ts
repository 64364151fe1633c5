import { accept } from './accept.ts';
import { as } from './as.ts';
import { concurrency } from './concurrency.ts';
import { defaultValue } from './default.ts';
import { forEach } from './for-each-list.ts';
import { hidden } from './hidden.ts';
import { maxAgeMs } from './max-age-ms.ts';
import { required } from './required.ts';
import { select } from './select.ts';
import { timeoutMs } from './timeout-ms.ts';
import { unless } from './unless.ts';
import { when } from './when.ts';

/** What may stand on a query or group, in the order in which it takes effect. */
export const modifiers = {
  // First, so that whatever becomes of it is told under its name.
  as,
  // Of the whole, however many items it runs for: the group around it and the answer look at these.
  required,
  hidden,
  // Before all that follows, which each item has for itself.
  forEach,
  concurrency,
  // Before anything is waited for that only running needs; so is `when` before what only `unless` needs.
  when,
  unless,
  // Its time begins once it is to run.
  timeoutMs,
  maxAgeMs,
  // Of what the store answered, so before `select`, which may make null of what was found.
  accept,
  select,
  // Last: it stands in for whatever failed before it, `accept` and `select` included.
  default: defaultValue,
};

/** What the modifiers of one query or group say. */
export type Said = {
  readonly [Name in keyof typeof modifiers]: ReturnType<(typeof modifiers)[Name]['read']>;
};
