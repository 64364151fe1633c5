import { isHeld } from '../../budget/turns.ts';
import type { Steps } from '../../budget/work.ts';
import type { Source } from '../../sources/open.ts';
import { choice, missing } from '../../store/check-schema.ts';
import { needingValue } from '../modifiers/read-modifiers.ts';
import { hasReference, isBroken, readTemplate, type Findings } from '../template/read-template.ts';
import { BROKEN, plainOf, Reference, type Path, type Report } from '../template/reference.ts';
import type { Fields } from './check-fields.ts';
import type { QueryNode } from './node.ts';
import type { Place } from './place.ts';
import { planModifiers, UNPLANNED } from './plan-modifiers.ts';
import type { Planner } from './planner.ts';

const UNPLANNED_QUERY: QueryNode = {
  ...UNPLANNED,
  kind: 'query',
  gathered: false,
  mayWin: false,
  source: undefined as unknown as Source,
  op: '',
  params: undefined,
  literal: true,
  ofLate: undefined,
  stream: false,
  streams: undefined,
};

/** Plans one query: its params are compiled, or kept as a template where references stand in them. */
export function* planQuery(fields: Fields, place: Place, planner: Planner): Steps<QueryNode> {
  const { at, path, key, index } = place;
  const { report } = planner;
  const source = typeof fields['source'] === 'string' ? planner.sources.get(fields['source']) : undefined;
  const op = typeof fields['op'] === 'string' ? fields['op'] : undefined;
  const stream = fields['stream'] === true;
  const references: Reference[] = [];
  const findings: Findings = {
    references,
    report,
    ownMeta: (path) => !source || source.ownMeta.includes(String(path[at.length + 1])),
  };
  const given = Object.hasOwn(fields, 'params') ? fields['params'] : {};
  const template = given === undefined ? BROKEN : readTemplate(given, [...at, 'params'], findings);
  if (isHeld()) yield;
  const compiled = source && op !== undefined ? compile(source, op, template, stream, at, report) : template;
  const streams = source?.streams(op ?? '');
  if (stream) checkStream(fields, !source || streams === 'items', at, report);
  const literal = !hasReference(template);
  const node: QueryNode = {
    ...UNPLANNED_QUERY,
    ...planModifiers(fields, place, planner, references),
    path,
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
function compile(source: Source, op: string, template: unknown, stream: boolean, at: Path, report: Report): unknown {
  if (template instanceof Reference) {
    if (template !== BROKEN) report([...at, 'params'], 'a reference may not stand for the params as a whole');
    return template;
  }
  if (typeof template !== 'object' || template === null || Array.isArray(template)) {
    report([...at, 'params'], 'an object is allowed here');
    return template;
  }
  const fault: Report = (path, detail) => {
    if (!isBroken({ params: template }, path)) report([...at, ...path], detail);
  };
  return source.prepare(op, template as Record<string, unknown>, fault, stream);
}

/** What cannot stand beside `stream`. */
function checkStream(fields: Fields, hasList: boolean, at: Path, report: Report): void {
  for (const field of needingValue)
    if (fields[field] !== undefined) report([...at, field], `${field} cannot stand beside stream`);
  if (!hasList) report([...at, 'stream'], 'this op has no list to stream');
}

/** Checks whom a query asks, and for what. */
export function checkAddressee({ source, op }: Fields, at: Path, { sources, report }: Planner): void {
  const known = typeof source === 'string' ? sources.get(source) : undefined;
  if (!known) {
    const names = choice([...sources.keys()]);
    const unknown = typeof source === 'string' ? `no such source; ${names}` : names;
    report([...at, 'source'], source === undefined ? missing('source', names) : unknown);
  }
  if (typeof op === 'string') return;
  const ops = known ? choice(known.ops) : 'the name of an operation is allowed here';
  report([...at, 'op'], op === undefined ? missing('op', ops) : ops);
}
