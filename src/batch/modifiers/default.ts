import { z } from 'zod';
import { bytesOf, type Value } from '../../store/payload.ts';
import { TypedValue } from '../../store/typed-value.ts';
import { readTemplate, type Findings } from '../template/read-template.ts';
import type { Rescues } from './modifier.ts';

/** `default`: the value where it failed; written once, however many items of a forEach fail. */
export const defaultValue: Rescues<Value | undefined> = {
  schema: z.unknown().optional().meta({ description: 'The value when it fails.' }),
  read(value, at, { report }) {
    if (value === undefined) return undefined;
    const findings: Findings = { references: [], report };
    const template = readTemplate(value, at, findings);
    for (const { places } of findings.references)
      for (const place of places) report(place, 'no reference may stand in a default');
    return new TypedValue(template);
  },
  on: 'failure',
  apply(value, budgets) {
    budgets.takeBytes(bytesOf(value));
    return value;
  },
};
