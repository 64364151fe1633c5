import type { z } from 'zod';
import { pipelineShown } from './pipeline.ts';
import { projectionShown } from './projection.ts';
import { ops } from './query.ts';
import { sortShown } from './sort.ts';
import type { MongoOptions } from './options.ts';

const known = new Map<string, z.ZodObject>();

/**
 * What an op's params may say where `operators` and `stages` narrow it: the same schema of all sources that
 * narrow it alike.
 */
export function narrowedParams(op: string, { operators, stages }: MongoOptions): z.ZodObject {
  const { params } = ops[op as keyof typeof ops];
  if ('pipeline' in params.shape && stages)
    return kept([op, ...stages.toSorted()].join(' '), () => shown(params, { pipeline: pipelineShown(stages) }));
  if ('sort' in params.shape && operators?.includes('$meta') === false)
    return kept(op, () => shown(params, { projection: projectionShown(false), sort: sortShown(false) }));
  return params;
}

function kept(key: string, make: () => z.ZodObject): z.ZodObject {
  let one = known.get(key);
  if (!one) known.set(key, (one = make()));
  return one;
}

/** The same params, of which some are shown in another way. */
function shown(params: z.ZodObject, ways: Readonly<Record<string, z.ZodType>>): z.ZodObject {
  const fields = Object.entries(ways).map(([name, shown]) => {
    const field = params.shape[name] as z.ZodType;
    return [name, field.meta({ ...field.meta(), shown })] as const;
  });
  return params.extend(Object.fromEntries(fields));
}
