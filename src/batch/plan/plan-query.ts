import { isObject } from '../../json/members.ts';
import type { Source } from '../../sources/open.ts';
import { choice, missing } from '../../store/choice.ts';
import { ValueQuery } from '../../store/value-query.ts';
import { needingValue } from '../modifiers/read-modifiers.ts';
import { hasReference, isBroken, readTemplate, type Findings } from '../template/read-template.ts';
import { BROKEN, plainOf, Reference, type Report } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';
import type { Fields } from './check-fields.ts';
import type { QueryNode } from './node.ts';
import type { Place } from './place.ts';
import { planModifiers, UNPLANNED } from './plan-modifiers.ts';
import type { Planner } from './planner.ts';

const UNPLANNED_QUERY: QueryNode = {
  ...UNPLANNED,
  kind: 'query',
  toldWhole: false,
  source: undefined as unknown as Source,
  op: '',
  params: undefined,
  literal: undefined,
  ofLate: undefined,
  streams: undefined,
};

/** One query whose params are read, with the references that were found in them. */
export class ReadQuery implements Findings {
  readonly fields: Fields;
  readonly place: Place;
  readonly report: Report;
  readonly source: Source | undefined;
  readonly template: unknown;
  readonly references: Reference[] = [];
  known: Map<string, Reference> | undefined;

  constructor(fields: Fields, place: Place, { sources, report }: Planner) {
    this.fields = fields;
    this.place = place;
    this.report = report;
    this.source = typeof fields['source'] === 'string' ? sources.get(fields['source']) : undefined;
    const given = Object.hasOwn(fields, 'params') ? fields['params'] : {};
    this.template = given === undefined ? BROKEN : readTemplate(given, place.at.below('params'), this);
  }

  /** What is not known of an unknown source is not held against it. */
  ownMeta({ path }: Spot): boolean {
    return !this.source || this.source.ownMeta.includes(String(path[this.place.at.path.length + 1]));
  }
}

/** Plans one query: its params are compiled, or kept as a template where references stand in them. */
export function planQuery(query: ReadQuery, planner: Planner): QueryNode {
  const { fields, place, source, template, references, report } = query;
  const { at, depth, key, index } = place;
  const op = typeof fields['op'] === 'string' ? fields['op'] : undefined;
  const stream = fields['stream'] === true;
  const compiled = source && op !== undefined ? compile(source, op, template, stream, at, report) : template;
  const streams = source?.streams(op ?? '');
  if (stream) checkStream(fields, !source || streams === 'items', at, report);
  const literal = hasReference(template) ? undefined : new ValueQuery(op ?? '', compiled);
  const node: QueryNode = {
    ...UNPLANNED_QUERY,
    ...planModifiers(fields, place, planner, references),
    depth,
    key,
    index,
    referencesToRun: plainOf(references),
    source: source as Source,
    op: op ?? '',
    params: literal ? compiled : template,
    literal,
    ofLate: literal ? undefined : planner.ofLate?.share(),
    stream,
    streams,
  };
  planner.origins?.set(node, { fields, compiled });
  return node;
}

/** Compiles the params, or says why it cannot: then they stay as they are. */
function compile(source: Source, op: string, template: unknown, stream: boolean, at: Spot, report: Report): unknown {
  if (template instanceof Reference) {
    if (template !== BROKEN) report(at.below('params'), 'a reference may not stand for the params as a whole');
    return template;
  }
  if (!isObject(template)) {
    report(at.below('params'), 'an object is allowed here');
    return template;
  }
  return source.prepare(
    op,
    template as Record<string, unknown>,
    (path, detail) => {
      if (!isBroken({ params: template }, path)) report(at.follow(path), detail);
    },
    stream,
  );
}

/** What cannot stand beside `stream`. */
function checkStream(fields: Fields, hasList: boolean, at: Spot, report: Report): void {
  for (const field of needingValue)
    if (fields[field] !== undefined) report(at.below(field), `${field} cannot stand beside stream`);
  if (!hasList) report(at.below('stream'), 'this op has no list to stream');
}

/** What is said where a query asks a source that is there, but could not be opened. */
export const NOT_OPEN = 'this source could not be opened';

/** Checks whom a query asks, and for what. */
export function checkAddressee({ source, op }: Fields, at: Spot, { sources, report }: Planner): void {
  const known = typeof source === 'string' ? sources.get(source) : undefined;
  if (!known) {
    const names = choice([...sources.keys()]);
    const unknown = sources.has(source as string) ? NOT_OPEN : `no such source; ${names}`;
    const wrong = typeof source === 'string' ? unknown : names;
    report(at.below('source'), source === undefined ? missing('source', names) : wrong);
  }
  if (typeof op === 'string') return;
  const ops = known ? choice(known.ops) : 'the name of an operation is allowed here';
  report(at.below('op'), op === undefined ? missing('op', ops) : ops);
}
