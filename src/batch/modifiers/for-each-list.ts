import { z } from 'zod';
import { isPlainReference } from '../../store/placeholder.ts';
import { jsonObject } from '../template/json-object.ts';
import { readTemplate, type Findings } from '../template/read-template.ts';
import { BROKEN, plainOf, Reference, type Report } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';
import type { Plain } from './modifier.ts';

/** What a forEach runs over: a list referred to, or one written out, of values and ItemTemplates. */
export type ForEach = Reference | readonly unknown[];

/** An item of a list that the request writes out, with references in it. */
export class ItemTemplate {
  readonly template: unknown;
  readonly references: readonly Reference[];

  constructor(template: unknown, references: readonly Reference[]) {
    this.template = template;
    this.references = plainOf(references);
  }
}

/** `forEach`: the engine runs a query or group once per item. */
export const forEach: Plain<ForEach | undefined> = {
  schema: z
    .union([z.array(z.unknown()), jsonObject], 'a list, or a reference to one, is allowed here')
    .optional()
    .meta({ description: 'A list, or a reference to one: run once per item.' }),
  read(value, at, { fields, limits, report }) {
    // Where it is wrong, and so told of, what stands beside it is still read as beside a forEach.
    if (value === undefined) return Object.hasOwn(fields, 'forEach') ? BROKEN : undefined;
    return readList(value, at, report, limits.calls);
  },
};

/** A list written out has at most so many items. */
function readList(value: unknown, at: Spot, report: Report, most: number): ForEach {
  const written = Array.isArray(value);
  const list: unknown = written ? value : readTemplate(value, at, { references: [], report });
  if (list instanceof Reference && isPlainReference(list)) return list;
  if (!Array.isArray(list)) {
    report(at, 'a list, or a reference to one, is allowed here');
    return BROKEN;
  }
  if (list.length > most) {
    report(at, `more than ${most} calls`);
    return BROKEN;
  }
  return written ? list.map((item, index) => readItem(item, at.below(index), report)) : list;
}

function readItem(value: unknown, at: Spot, report: Report): unknown {
  const findings: Findings = { references: [], report };
  const item = readTemplate(value, at, findings);
  return findings.references.length > 0 ? new ItemTemplate(item, findings.references) : item;
}

/** What a forEach waits for: its list, or what the items of a list written out are made of. */
export function listReferences(list: ForEach = []): readonly Reference[] {
  if (list instanceof Reference) return [list];
  return list.flatMap((item) => (item instanceof ItemTemplate ? item.references : []));
}
