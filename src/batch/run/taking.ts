import type { Payload } from '../../store/payload.ts';
import type { Node, QueryNode } from '../plan/node.ts';

/** How a query's answer is taken: gathered as a value, or open as a list or a body that flows. */
export type Want = Payload['kind'];

/** How the answers of a batch are taken. */
export interface Taking {
  /** How it takes a query's answer. */
  readonly wants: (node: QueryNode) => Want;
  /** Few of its lists and bodies are open at a time: others wait until these have been read. */
  readonly fewOpen?: true;
}

/** Whether something in a query or group is answered as a list or a body that flows. */
export function flows(node: Node, wants: Taking['wants']): boolean {
  return node.kind === 'query' ? wants(node) !== 'value' : node.members.some((one) => flows(one, wants));
}
