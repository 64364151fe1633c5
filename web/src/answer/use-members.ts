import { useRef, useState } from 'preact/hooks';
import { type Line, PAGE } from './branches.ts';
import type { AnswerClient } from './client.ts';
import type { MemberNode } from './node.ts';

/** The members that were read from the answer, by what they stand in, and how more are read. */
export function useMembers(answers: AnswerClient) {
  const loaded = useRef(new Map<string, readonly MemberNode[]>()).current;
  const asked = useRef(new Set<string>()).current;
  const [, again] = useState(0);
  const load = async ({ id, skip }: NonNullable<Line['load']>): Promise<void> => {
    const key = `${id} ${skip}`;
    if (asked.has(key)) return;
    asked.add(key);
    const [kind, ...rest] = id.split(' ');
    const members =
      kind === 'items'
        ? await answers.items(rest.join(' '), skip, PAGE)
        : await answers.members({ line: Number(rest[0]), from: Number(rest[1]) }, skip, PAGE);
    // A list that is still growing is asked again.
    if (members.length < PAGE && kind === 'items') asked.delete(key);
    loaded.set(id, [...(loaded.get(id) ?? []).slice(0, skip), ...members]);
    again((count) => count + 1);
  };
  return { loaded, load };
}
