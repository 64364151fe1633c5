import type { Document } from 'bson';
import { Aggregator } from 'mingo/aggregator';
import { Query } from 'mingo/query';
import type { Options } from 'mingo/types';
import { toTyped, toView } from './bson.ts';
import { isPlain } from './project.ts';
import type { Request } from './request.ts';
import { arranged, checkHint, encoded, matching, natural, optionsOf } from './select.ts';
import type { Store, Stored } from './store.ts';

/**
 * Runs a pipeline. As long as its stages only choose among stored documents, these are answered byte for
 * byte.
 */
export function runPipeline(request: Request, store: Store): IteratorObject<Uint8Array> {
  const { pipeline, hint } = request.body as { pipeline: Document[]; hint?: unknown };
  const options = optionsOf(request, store);
  const collection = store.read(request.database, request.collection ?? '');
  checkHint(collection, hint);

  // Only a $match that comes first may find its documents by _id.
  const match = pipeline.slice(0, 1).find((stage) => isOnly(stage, '$match'));
  let found = natural(matching(collection, (match?.$match ?? {}) as Document, options, request), hint);
  let rest = match ? pipeline.slice(1) : pipeline;
  for (let chosen; rest[0] && (chosen = choose(found, rest[0], options)); rest = rest.slice(1)) found = chosen;

  if (rest.length === 0) return found.map(({ raw }) => raw);
  const decode = rest.every(keepsTypes) ? toTyped : toView;
  const results = new Aggregator(rest, options).stream(found.map(({ raw }) => decode(raw)));
  return encoded(timed(results as unknown as Iterable<Document>, request));
}

function choose(
  found: IteratorObject<Stored>,
  stage: Document,
  options: Partial<Options>,
): IteratorObject<Stored> | undefined {
  if (isOnly(stage, '$match')) {
    const query = new Query(stage.$match as Document, options);
    return found.filter(({ view }) => query.test(view));
  }
  if (isOnly(stage, '$sort')) return arranged(found, { sort: stage.$sort as Document }, options);
  if (isOnly(stage, '$skip')) return found.drop(stage.$skip as number);
  if (isOnly(stage, '$limit')) return found.take(stage.$limit as number);
  if (isOnly(stage, '$sample')) return sampled([...found], (stage.$sample as { size: number }).size);
  return undefined;
}

/** As many at random, none of them twice. */
function sampled(all: Stored[], size: number): IteratorObject<Stored> {
  for (let at = 0; at < Math.min(size, all.length); at += 1) {
    const other = at + Math.floor(Math.random() * (all.length - at));
    [all[at], all[other]] = [all[other]!, all[at]!];
  }
  return all.values().take(size);
}

function isOnly(stage: Document, operator: string): boolean {
  const names = Object.keys(stage);
  return names.length === 1 && names[0] === operator;
}

/** Stages that never look at a value can work on BSON's own numbers. */
function keepsTypes(stage: Document): boolean {
  if (isOnly(stage, '$project')) return isPlain(stage.$project as Document);
  return ['$unset', '$skip', '$limit'].some((operator) => isOnly(stage, operator));
}

function* timed(documents: Iterable<Document>, request: Request): Generator<Document> {
  for (const document of documents) {
    request.checkTime();
    yield document;
  }
}
