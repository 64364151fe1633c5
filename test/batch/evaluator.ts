import { parsePointer } from '../../src/json/pointer.ts';
import { follow } from '../follow.ts';

/** One query or group as it stands in a request. */
export type Written = Record<string, unknown>;

/** The order of arrival would decide the answer: no reference evaluator can say what is right. */
export class Uncertain extends Error {}

interface Fault {
  readonly code: string;
  readonly retryable: boolean;
  readonly dependsOn?: string[];
  readonly source?: string;
}

interface Outcome {
  readonly status: 'ok' | 'partial' | 'error' | 'skipped';
  readonly value?: unknown;
  readonly meta?: unknown;
  readonly error?: Fault | undefined;
  readonly defaulted?: true;
  readonly members?: readonly Placed[];
  readonly keyed?: boolean;
  /** A required member failed, so that the rest was cancelled at some moment or other. */
  readonly decided?: string | number;
}

interface Placed {
  readonly step: string | number;
  readonly written: Written;
  readonly outcome: Outcome;
  readonly hidden: boolean;
}

interface Around {
  readonly parent: Around | undefined;
  readonly members: readonly (readonly [string | number, Written])[];
  readonly outcomes: Map<Written, Outcome | 'open'>;
  readonly item: { readonly value: unknown } | undefined;
}

type Found = { readonly value: unknown } | 'nowhere' | 'skipped' | Fault;
type Missing = readonly [name: string, found: 'nowhere' | 'skipped' | Fault];

const RETRYABLE = new Set(['TIMEOUT', 'UNAVAILABLE']);
const fault = (code: string, source?: string): Fault => ({
  code,
  retryable: RETRYABLE.has(code),
  ...(source && { source }),
});
const failing = (outcome: Outcome): boolean =>
  outcome.status === 'error' || (outcome.status === 'skipped' && outcome.error !== undefined);
const isFault = (found: Found): found is Fault => typeof found === 'object' && 'code' in found;

/**
 * What a batch of `get`s on the simulated source answers, worked out one query after the other, without `ms`
 * and messages.
 */
export function evaluate(pattern: string, body: Written): unknown {
  const root = group({ pattern, queries: body['queries'] }, undefined, undefined);
  if (root.decided !== undefined) return { failed: root.error?.code, path: `/${root.decided}` };
  return { complete: isComplete(root), results: shown(root) };
}

function group(written: Written, parent: Around | undefined, item: Around['item']): Outcome {
  const keyed = written['pattern'] === 'kv';
  const members = Object.entries(written['queries'] as Record<string, Written>).map(
    ([key, one]) => [keyed ? key : Number(key), one] as const,
  );
  const around: Around = { parent, members, outcomes: new Map(), item };
  const placed = members.map(([step, one]) => ({
    step,
    written: one,
    outcome: member(one, around),
    hidden: one['hidden'] === true,
  }));
  const decisive = placed.find((one) => one.written['required'] === true && failing(one.outcome));
  if (decisive)
    return { status: 'error', error: decisive.outcome.error, members: placed, keyed, decided: decisive.step };
  return { ...summary(placed), members: placed, keyed };
}

function summary(placed: readonly Placed[]): Pick<Outcome, 'status' | 'error'> {
  const failed = placed.find((one) => failing(one.outcome));
  const usable = placed.some(({ outcome }) => outcome.status === 'ok' || outcome.status === 'partial');
  if (failed && !usable) return { status: 'error', error: failed.outcome.error };
  return { status: failed || placed.some(({ outcome }) => outcome.status === 'partial') ? 'partial' : 'ok' };
}

function member(written: Written, around: Around): Outcome {
  const known = around.outcomes.get(written);
  if (known === 'open') throw new Uncertain('waits for a part of what waits for it');
  if (known) return known;
  around.outcomes.set(written, 'open');
  const outcome = written['forEach'] ? each(written, around) : once(written, around);
  around.outcomes.set(written, outcome);
  return outcome;
}

function each(written: Written, around: Around): Outcome {
  const forEach = written['forEach'];
  const missing: Missing[] = [];
  const list = Array.isArray(forEach) ? forEach : fill(forEach, around, missing, false);
  if (missing.length > 0) return skipped(missing);
  if (!Array.isArray(list)) return { status: 'error', error: fault('INVALID') };
  const run = (value: unknown): Outcome => once(written, { ...around, item: { value } });
  const outcomes = list.map((item: unknown) =>
    Array.isArray(forEach) ? filledIn(item, written, around, run) : run(item),
  );
  const placed = outcomes.map((outcome, step) => ({ step, written, hidden: false, outcome }));
  return { ...summary(placed), members: placed, keyed: false };
}

/** An item of a list written out: what it refers to concerns it alone. */
function filledIn(item: unknown, written: Written, around: Around, run: (value: unknown) => Outcome): Outcome {
  const missing: Missing[] = [];
  const value = fill(item, around, missing, false);
  if (missing.length > 0) return standIn(written, skipped(missing));
  return invalid(value) ? standIn(written, { status: 'error', error: fault('INVALID') }) : run(value);
}

function standIn(written: Written, outcome: Outcome): Outcome {
  return outcome.error && failing(outcome) && Object.hasOwn(written, 'default')
    ? { ...outcome, status: 'ok', value: written['default'], defaulted: true }
    : outcome;
}

function once(written: Written, around: Around): Outcome {
  const stand = (outcome: Outcome): Outcome => standIn(written, outcome);
  const missing: Missing[] = [];
  for (const [name, met] of [
    ['when', true],
    ['unless', false],
  ] as const) {
    if (!Object.hasOwn(written, name)) continue;
    const holds = condition(written[name], around, missing);
    if (missing.length > 0) return stand(skipped(missing));
    if (holds === 'invalid') return stand({ status: 'error', error: fault('INVALID', written['source'] as string) });
    if (holds !== met) return { status: 'skipped' };
  }
  const params = fill(written['params'] ?? {}, around, missing, false) as Written;
  if (missing.length > 0) return stand(skipped(missing));
  const shape = written['select'] === undefined ? undefined : selection(written['select'], around, missing);
  if (missing.length > 0) return stand(skipped(missing));
  if (written['queries'] !== undefined) {
    const outcome = group(written, around, around.item);
    return stand(!failing(outcome) && shape ? { ...outcome, value: shape(valueOf(outcome)) } : outcome);
  }
  if (invalid(params)) return stand({ status: 'error', error: fault('INVALID', 'sim') });
  if (typeof params['fail'] === 'string') return stand({ status: 'error', error: fault(params['fail'], 'sim') });
  const value = params['value'] ?? null;
  if (written['accept'] === 'found' && value === null)
    return stand({ status: 'error', error: fault('NOT_FOUND', 'sim') });
  return { status: 'ok', value: shape ? shape(value) : value, ...('meta' in params && { meta: params['meta'] }) };
}

function condition(written: unknown, around: Around, missing: Missing[]): boolean | 'invalid' {
  const filled = fill(written, around, missing, true) as {
    equals?: [unknown, unknown];
    in?: [unknown, unknown];
  } | null;
  const [test, ...others] = typeof written === 'object' && written !== null ? Object.keys(written) : [];
  if (others.length === 0 && test === 'equals')
    return JSON.stringify(filled?.equals?.[0]) === JSON.stringify(filled?.equals?.[1]);
  if (others.length === 0 && test === 'in') {
    const [wanted, list] = filled?.in ?? [null, null];
    if (list === null) return false;
    return Array.isArray(list) ? list.some((one) => JSON.stringify(one) === JSON.stringify(wanted)) : 'invalid';
  }
  return !(Array.isArray(filled) ? filled.length === 0 : [false, null, 0, ''].includes(filled as null));
}

function selection(written: unknown, around: Around, missing: Missing[]): (value: unknown) => unknown {
  if (typeof written === 'string')
    return (value) => {
      const there = follow(value, parsePointer(written));
      return there.found ? there.value : null;
    };
  if (Object.keys(written as object)[0]?.startsWith('$')) {
    const filled = fill(written, around, missing, true);
    return () => filled;
  }
  const parts = Object.entries(written as object).map(
    ([key, part]) => [key, selection(part, around, missing)] as const,
  );
  return (value) => Object.fromEntries(parts.map(([key, part]) => [key, part(value)]));
}

const INVALID = Symbol('a $join of what cannot be joined');

function invalid(filled: unknown): boolean {
  return filled === INVALID || (typeof filled === 'object' && filled !== null && Object.values(filled).some(invalid));
}

function fill(template: unknown, around: Around, missing: Missing[], nullable: boolean): unknown {
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((one) => fill(one, around, missing, nullable));
  const { $result, $meta, $item, $join } = template as Record<'$result' | '$meta' | '$item', string | undefined> & {
    $join?: unknown[];
  };
  if ($join) {
    const texts = $join
      .map((part) => fill(part, around, missing, nullable))
      .flatMap((part) => (Array.isArray(part) ? part.map(text).join(',') : text(part)));
    return missing.length === 0 &&
      $join.flatMap((part) => fill(part, around, [], nullable)).some((part) => typeof part === 'object')
      ? INVALID
      : texts.join('');
  }
  if ($result !== undefined || $meta !== undefined || $item !== undefined) {
    const [name = '', ...steps] = parsePointer($result ?? $meta ?? '');
    const view = $meta === undefined ? VALUE : META;
    const found =
      $item === undefined ? find(name, steps, around, view) : inside(around.item?.value, parsePointer($item));
    if (typeof found === 'object' && 'value' in found) return found.value;
    if (found !== 'nowhere' || !nullable) missing.push([$item === undefined ? name : '$item', found]);
    return null;
  }
  return Object.fromEntries(Object.entries(template).map(([key, one]) => [key, fill(one, around, missing, nullable)]));
}

function text(value: unknown): string {
  return typeof value === 'object' ? '' : `${value as string | number}`;
}

interface View {
  readonly of: (outcome: Outcome) => unknown;
  readonly opaque: (written: Written) => boolean;
  readonly inside: (outcome: Outcome) => boolean;
}

const VALUE: View = {
  of: valueOf,
  opaque: (written) => written['select'] !== undefined || Object.hasOwn(written, 'default'),
  inside: (outcome) => !('value' in outcome),
};
const META: View = {
  of: metaOf,
  opaque: (written) => Object.hasOwn(written, 'default'),
  inside: (outcome) => !outcome.defaulted,
};

function find(name: string, steps: readonly string[], around: Around | undefined, view: View): Found {
  for (let here = around; here; here = here.parent) {
    const named = here.members.find(([step]) => String(step) === name);
    if (named) return part(member(named[1], here), named[1], steps, named[1]['forEach'] !== undefined, view);
  }
  throw new Error(`nothing is named ${name}`);
}

function inside(value: unknown, steps: readonly string[]): Found {
  const there = follow(value, steps);
  return there.found ? { value: there.value } : 'nowhere';
}

function part(outcome: Outcome, written: Written, steps: readonly string[], whole: boolean, view: View): Found {
  const opaque = !whole && view.opaque(written);
  const [step, ...rest] = steps;
  if (step === undefined || !view.inside(outcome) || !outcome.members || (opaque && failing(outcome))) {
    if (failing(outcome)) return outcome.error as Fault;
    if (outcome.status === 'skipped') return 'skipped';
    const all = view.of(outcome);
    return all === undefined ? 'nowhere' : inside(all, steps);
  }
  if (outcome.decided !== undefined) throw new Uncertain('a part of what was cancelled');
  const into = (one: Placed): Found =>
    part(one.outcome, one.written, rest, !whole && one.written['forEach'] !== undefined, view);
  if (step === '*' && !outcome.keyed) {
    const founds = outcome.members.map(into);
    const values = founds.filter((found) => typeof found === 'object' && 'value' in found);
    const failure = founds.find(isFault);
    const isVain = values.length === 0 && !founds.includes('nowhere');
    return failure && isVain ? failure : { value: values.flatMap((found) => found.value) };
  }
  const one = outcome.members.find((member) => String(member.step) === step);
  return one ? into(one) : 'nowhere';
}

function skipped(missing: readonly Missing[]): Outcome {
  const failures = missing.filter(([, found]) => found !== 'skipped');
  if (failures.length === 0) return { status: 'skipped' };
  const cause = failures.map(([, found]) => found as Found).find(isFault);
  const names = [...new Set(failures.map(([name]) => name))].filter((name) => name !== '$item');
  return {
    status: 'skipped',
    error: {
      code: 'DEPENDENCY_FAILED',
      retryable: cause?.retryable ?? false,
      ...(names.length > 0 && { dependsOn: names }),
    },
  };
}

function valueOf(outcome: Outcome): unknown {
  return 'value' in outcome ? outcome.value : gathered(outcome, valueOf);
}

function metaOf(outcome: Outcome): unknown {
  if (outcome.defaulted) return undefined;
  return outcome.members ? gathered(outcome, metaOf) : outcome.meta;
}

function gathered(outcome: Outcome, of: (outcome: Outcome) => unknown): unknown {
  if (!outcome.members || outcome.status === 'error') return undefined;
  const values = outcome.members.map((one) => [one.step, of(one.outcome) ?? null] as const);
  return outcome.keyed ? Object.fromEntries(values) : values.map(([, value]) => value);
}

function isComplete(outcome: Outcome): boolean {
  if (outcome.defaulted || failing(outcome)) return false;
  return outcome.members?.every((one) => isComplete(one.outcome)) ?? true;
}

function shown({ members = [], keyed, decided }: Outcome): unknown {
  if (decided !== undefined) return 'cancelled at some moment';
  const seen = members.filter((one) => !one.hidden || failing(one.outcome) || one.outcome.status === 'partial');
  const replies = seen.map((one) => {
    const { status, error, defaulted, meta } = one.outcome;
    const value =
      'value' in one.outcome ? { value: one.outcome.value } : one.outcome.members && { replies: shown(one.outcome) };
    return [
      one.step,
      {
        status,
        ...value,
        ...(meta !== undefined && { meta }),
        ...(defaulted && { defaulted }),
        ...(error && { error }),
      },
    ] as const;
  });
  return keyed ? Object.fromEntries(replies) : replies.map(([index, reply]) => ({ index, ...reply }));
}
