import type { z } from 'zod';
import { checkSchema, choice, missing } from '../../store/check-schema.ts';
import type { Limits } from '../../config/load.ts';
import { BadRequest, FaultList } from '../../json/fault-list.ts';
import { entriesOf, hasMember, recordOf } from '../../json/members.ts';
import type { Value } from '../../store/payload.ts';
import type { Source } from '../../sources/open.ts';
import { readCondition, readSelection } from './condition.ts';
import { callsOf, readForEach } from './for-each-list.ts';
import type { ForEach } from './item-template.ts';
import { linkReferences } from './link.ts';
import { type GroupNode, type Modifiers, type Node, type Pattern, type Plan, type QueryNode } from './node.ts';
import { BROKEN, hasReference, isBroken, readTemplate, Reference, type Findings, type Report } from './reference.ts';
import { isHeld } from '../../budget/turns.ts';
import { atOnce, type Steps } from '../../budget/work.ts';
import { TypedValue } from '../../store/typed-value.ts';
import { bodySchemas, groupSchema, querySchema } from './body-schema.ts';

/** Fields whose faults name what there is, which no schema knows. */
const LOOKED_UP = new Set<unknown>(['queries', 'source', 'op']);

/** What planning looks things up in. */
export interface PlanContext {
  readonly sources: ReadonlyMap<string, Source>;
  readonly limits: Limits;
}

/** Checks a request and turns it into a Plan; no store is asked. Throws BadRequest with its faults. */
export function plan(pattern: Pattern, body: unknown, context: PlanContext): Plan {
  return atOnce(planning(pattern, body, context));
}

/** The same, in turns with others. */
export function planning(pattern: Pattern, body: unknown, context: PlanContext): Steps<Plan> {
  return new Planner(context).plan(pattern, body);
}

type Path = readonly (string | number)[];

class Planner {
  readonly #context: PlanContext;
  readonly #faults = new FaultList();
  #queries = 0;

  constructor(context: PlanContext) {
    this.#context = context;
  }

  *plan(pattern: Pattern, body: unknown): Steps<Plan> {
    const fields = this.#fields(bodySchemas[pattern], body, []);
    if (!fields) throw this.#refusal();
    const root: GroupNode = {
      ...this.#modifiers({}, [], [], undefined, 0),
      kind: 'group',
      pattern,
      ...(yield* this.#group(pattern, fields, [], [], 0)),
    };
    if (isHeld()) yield;
    linkReferences(root, this.#fault);
    if (root.calls > this.#context.limits.calls)
      this.#fault(['queries'], `more than ${this.#context.limits.calls} calls`);
    if (!this.#faults.empty) throw this.#refusal();
    return {
      root,
      timeoutMs: fields['timeoutMs'] as number | undefined,
      onError: (fields['onError'] as Plan['onError'] | undefined) ?? 'partial',
      shape: (fields['shape'] as Plan['shape'] | undefined) ?? 'replies',
      filename: fields['filename'] as string | undefined,
    };
  }

  /** Notes a fault; the last that is told ends the planning, wherever it is. */
  readonly #fault: Report = (path, detail) => {
    this.#faults.add(path, detail);
    if (this.#faults.full) throw this.#refusal();
  };

  #refusal(): BadRequest {
    return new BadRequest(this.#faults.told());
  }

  /**
   * Checks an object against a schema, but for the fields that more is known of, and answers its own,
   * undefined where one is wrong, so that nothing is said of it twice. Undefined if it is no object.
   */
  #fields(schema: z.ZodObject, value: unknown, at: Path): Record<string, unknown> | undefined {
    const given = recordOf(value);
    const wrong = new Set<unknown>();
    for (const { path, detail } of checkSchema(schema, given).faults) {
      const [field] = path;
      if (LOOKED_UP.has(field) && Object.hasOwn(schema.shape, field!)) continue;
      wrong.add(field);
      this.#fault([...at, ...path], detail);
    }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
    if (wrong.size === 0) return given as Record<string, unknown>;
    const fields = Object.entries(given).map(([key, field]) => [key, wrong.has(key) ? undefined : field] as const);
    return Object.fromEntries(fields);
  }

  *#group(
    pattern: Pattern,
    fields: Record<string, unknown>,
    at: Path,
    path: Path,
    depth: number,
  ): Steps<Pick<GroupNode, 'members' | 'take' | 'hedgeMs' | 'calls'>> {
    const members = yield* this.#members(pattern, fields['queries'], at, path, depth);
    const take = pattern === 'first-reply' ? (fields['take'] as number | undefined) : undefined;
    if (typeof take === 'number' && take > members.length)
      this.#fault([...at, 'take'], 'take is more than there are queries');
    if (pattern === 'first-reply' && fields['hedgeMs'] !== undefined && !Object.hasOwn(fields, 'take'))
      this.#fault([...at, 'hedgeMs'], 'hedgeMs needs take');
    const calls = members.reduce((sum, member) => sum + callsOf(member), 0);
    return { members, take, hedgeMs: fields['hedgeMs'] as number | undefined, calls };
  }

  *#members(pattern: Pattern, queries: unknown, at: Path, path: Path, depth: number): Steps<Node[]> {
    const here = [...at, 'queries'];
    const keyed = pattern === 'kv';
    const fits = typeof queries === 'object' && queries !== null && Array.isArray(queries) !== keyed;
    if (!fits) {
      const detail = keyed ? 'an object of queries, by key, is allowed here' : 'a list of queries is allowed here';
      this.#fault(here, queries === undefined ? missing('queries', detail) : detail);
      return [];
    }
    const members: Node[] = [];
    for (const [key, query] of entriesOf(queries)) {
      this.#queries += 1;
      if (this.#queries > this.#context.limits.queries) {
        if (this.#queries === this.#context.limits.queries + 1)
          this.#fault(here, `more than ${this.#context.limits.queries} queries`);
        break;
      }
      const index = members.length;
      const step = keyed ? key : index;
      if (keyed && key.length > this.#context.limits.keyChars)
        this.#fault([...here, key], `a key has at most ${this.#context.limits.keyChars} characters`);
      members.push(yield* this.#node(query, [...here, step], [...path, step], keyed ? key : undefined, index, depth));
    }
    return members;
  }

  *#node(value: unknown, at: Path, path: Path, key: string | undefined, index: number, depth: number): Steps<Node> {
    if (isHeld()) yield;
    const isGroup =
      typeof value === 'object' && value !== null && (hasMember(value, 'pattern') || hasMember(value, 'queries'));
    const fields = this.#fields(isGroup ? groupSchema : querySchema, value, at);
    if (!isGroup && fields) this.#addressee(fields, at);
    if (!isGroup || !fields) return yield* this.#query(fields ?? {}, at, path, key, index);
    const known = fields['pattern'] as Pattern | undefined;
    if (known && known !== 'first-reply') {
      for (const field of ['take', 'hedgeMs'])
        if (fields[field] !== undefined) this.#fault([...at, field], `${field} belongs to first-reply`);
    }
    if (depth + 1 > this.#context.limits.nesting) {
      this.#fault(at, `groups are nested at most ${this.#context.limits.nesting} deep`);
      return yield* this.#query({}, at, path, key, index);
    }
    const pattern = known ?? (Array.isArray(fields['queries']) ? 'ordered' : 'kv');
    return {
      ...this.#modifiers(fields, at, path, key, index),
      kind: 'group',
      pattern,
      ...(yield* this.#group(pattern, fields, at, path, depth + 1)),
    };
  }

  /** Whom a query asks, and for what. */
  #addressee({ source, op }: Record<string, unknown>, at: Path): void {
    const { sources } = this.#context;
    const known = typeof source === 'string' ? sources.get(source) : undefined;
    const names = choice([...sources.keys()]);
    if (source === undefined) this.#fault([...at, 'source'], missing('source', names));
    else if (!known) this.#fault([...at, 'source'], typeof source === 'string' ? `no such source; ${names}` : names);
    if (typeof op === 'string') return;
    const ops = known ? choice(known.ops) : 'the name of an operation is allowed here';
    this.#fault([...at, 'op'], op === undefined ? missing('op', ops) : ops);
  }

  *#query(
    fields: Record<string, unknown>,
    at: Path,
    path: Path,
    key: string | undefined,
    index: number,
  ): Steps<QueryNode> {
    const source = typeof fields['source'] === 'string' ? this.#context.sources.get(fields['source']) : undefined;
    const ownMeta = (path: Path): boolean => !source || source.ownMeta.includes(String(path[at.length + 1]));
    const found: Findings = { references: [], report: this.#fault, ownMeta };
    const given = Object.hasOwn(fields, 'params') ? fields['params'] : {};
    const template = given === undefined ? BROKEN : readTemplate(given, [...at, 'params'], found);
    const op = typeof fields['op'] === 'string' ? fields['op'] : '';
    if (isHeld()) yield;
    const stream = fields['stream'] === true;
    let params: unknown = template;
    if (source && typeof fields['op'] === 'string') {
      if (template instanceof Reference) {
        if (template !== BROKEN) this.#fault([...at, 'params'], 'a reference may not stand for the params as a whole');
      } else if (typeof template !== 'object' || template === null || Array.isArray(template)) {
        this.#fault([...at, 'params'], 'an object is allowed here');
      } else {
        const fault: Report = (sub, detail) => {
          if (!isBroken({ params: template }, sub)) this.#fault([...at, ...sub], detail);
        };
        params = source.prepare(op, template as Record<string, unknown>, fault, stream);
      }
    }
    if (isHeld()) yield;
    const streams = source?.streams(op);
    if (stream) {
      for (const field of ['select', 'accept', 'default'])
        if (fields[field] !== undefined) this.#fault([...at, field], `${field} cannot stand beside stream`);
      if (source && streams !== 'items') this.#fault([...at, 'stream'], 'this op has no list to stream');
    }
    const literal = !hasReference(template);
    return {
      ...this.#modifiers(fields, at, path, key, index, found.references),
      kind: 'query',
      gathered: false,
      contested: false,
      source: source as Source,
      op,
      params: literal ? params : template,
      literal,
      stream,
      streams,
    };
  }

  #modifiers(
    fields: Record<string, unknown>,
    at: Path,
    path: Path,
    key: string | undefined,
    index: number,
    references: Reference[] = [],
  ): Modifiers {
    const found: Findings = { references, report: this.#fault };
    const conditions: Findings = { references: [], report: this.#fault };
    const selected: Findings = { references: [], report: this.#fault };
    const as = this.#as(fields['as'], [...at, 'as'], found);
    const forEach = this.#forEach(fields, [...at, 'forEach']);
    if (fields['concurrency'] !== undefined && !forEach)
      this.#fault([...at, 'concurrency'], 'concurrency needs forEach');
    return {
      path,
      key,
      index,
      as,
      required: fields['required'] === true,
      hidden: fields['hidden'] === true,
      forEach,
      concurrency: (fields['concurrency'] as number | undefined) ?? 8,
      when: fields['when'] === undefined ? undefined : readCondition(fields['when'], [...at, 'when'], conditions),
      unless:
        fields['unless'] === undefined ? undefined : readCondition(fields['unless'], [...at, 'unless'], conditions),
      timeoutMs: fields['timeoutMs'] as number | undefined,
      found: fields['accept'] === 'found',
      select: fields['select'] === undefined ? undefined : readSelection(fields['select'], [...at, 'select'], selected),
      default: this.#default(fields, [...at, 'default']),
      conditionReferences: conditions.references,
      selectReferences: selected.references,
      references: found.references,
    };
  }

  #as(value: unknown, at: Path, found: Findings): string | Reference | undefined {
    if (value === undefined) return undefined;
    const as = readTemplate(value, at, found);
    if (typeof as === 'string') {
      if (as.length > this.#context.limits.keyChars)
        this.#fault(at, `a name has at most ${this.#context.limits.keyChars} characters`);
      return as;
    }
    if (as instanceof Reference) return as;
    this.#fault(at, 'a string or a reference is allowed here');
    return undefined;
  }

  #forEach(fields: Record<string, unknown>, at: Path): ForEach | undefined {
    if (!Object.hasOwn(fields, 'forEach')) return undefined;
    const value = fields['forEach'];
    if (value === undefined) return BROKEN;
    return readForEach(value, at, this.#fault, this.#context.limits.calls);
  }

  #default(fields: Record<string, unknown>, at: Path): Value | undefined {
    if (!Object.hasOwn(fields, 'default')) return undefined;
    const found: Findings = { references: [], report: this.#fault };
    const value = readTemplate(fields['default'], at, found);
    for (const { places } of found.references)
      for (const place of places) this.#fault(place, 'no reference may stand in a default');
    return new TypedValue(value);
  }
}
