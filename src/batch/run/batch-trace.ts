import { ItemTemplate } from '../modifiers/for-each-list.ts';
import type { Source } from '../../sources/open.ts';
import type { AttemptSpan } from '../../store/call-trace.ts';
import type { Query } from '../../store/fetch.ts';
import { type Node, ownReferences, refersToNothing } from '../plan/node.ts';
import { Reference } from '../template/reference.ts';
import { MemberTrace } from './member-trace.ts';
import type { RunningMember } from './running-member.ts';

/** The names that a node waits for, and the same as JSON, without the brackets around it. */
interface Names {
  readonly known: ReadonlySet<string>;
  readonly text: string;
}

/** Makes the span of an attempt at a query of this source. */
export type SpanOf = (source: Source, query: Query) => AttemptSpan;

/** What a traced batch tells of itself: instants, `performance.now()` ms. */
export class BatchTrace {
  readonly began: number;
  readonly planned = performance.now();
  /** Whether the answer shows it. */
  readonly isShown: boolean;
  readonly #spanOf: SpanOf | undefined;
  /** A node runs once per item of a forEach, and its names may be many. */
  readonly #names = new Map<Node, Names>();

  /** Made once the batch is planned; with `spanOf` where its trace is exported. */
  constructor(began: number, isShown = true, spanOf?: SpanOf) {
    this.began = began;
    this.isShown = isShown;
    this.#spanOf = spanOf;
  }

  /** From now on these tell what becomes of them. */
  follow(members: readonly RunningMember[]): void {
    for (const member of members) {
      const { node, each } = member;
      const calls = node.kind === 'query' && !each;
      const after = this.isShown ? this.#after(member) : undefined;
      const spanOf = this.#spanOf;
      const own = calls && spanOf ? (query: Query) => spanOf(node.source, query) : undefined;
      member.trace = new MemberTrace(this.began, after, calls, own);
    }
  }

  /** Of a forEach the name that its list comes from; of each item the names that this one waits for. */
  #after({ node, each, path }: RunningMember): string {
    const { forEach } = node;
    if (each) return `[${forEach instanceof Reference ? namesIn([forEach], new Set()).text : ''}]`;
    let names = this.#names.get(node);
    if (!names) {
      // Most wait for nothing.
      if (!forEach && refersToNothing(node)) return '[]';
      this.#names.set(node, (names = namesIn(ownReferences(node), new Set())));
    }
    const item = Array.isArray(forEach) ? (forEach[Number(path.at(-1))] as unknown) : undefined;
    const own = item instanceof ItemTemplate ? namesIn(item.references, names.known).text : '';
    return `[${names.text}${names.text && own && ','}${own}]`;
  }
}

/** The names of other queries, each once, but for those that are known already. */
function namesIn(references: readonly Reference[], known: ReadonlySet<string>): Names {
  const names = new Set<string>();
  for (const { target } of references) if (target?.from === 'result' && !known.has(target.name)) names.add(target.name);
  return { known: names, text: [...names].map((name) => JSON.stringify(name)).join() };
}
