import { useEffect, useRef, useState } from 'preact/hooks';
import { CopyButton } from '../page/copy.tsx';
import { useRowsInView } from '../page/rows-in-view.ts';
import type { Run } from '../session/run.ts';
import { idOf, type Line, linesOf, PAGE } from './branches.ts';
import type { AnswerClient } from './client.ts';
import type { MemberNode } from './node.ts';
import { LineView } from './line-view.tsx';
import { Picture } from './picture-view.tsx';

const ROW = 26;

/** The answer to look into; nothing is read before somebody opens it. */
export function AnswerTree({ run, answers }: { run: Run; answers: AnswerClient }) {
  const [turned, turn] = useState<ReadonlySet<string>>(new Set());
  const loaded = useRef(new Map<string, readonly MemberNode[]>());
  const [, again] = useState(0);
  const [at, activate] = useState(0);
  const lines = linesOf(
    { replies: run.replies, items: run.items, plan: run.plan?.root },
    { turned, loaded: loaded.current },
  );
  const { box, first, last, show } = useRowsInView(lines.length, ROW);
  const asked = useRef(new Set<string>());

  const load = async ({ id, skip }: NonNullable<Line['load']>): Promise<void> => {
    const key = `${id} ${skip}`;
    if (asked.current.has(key)) return;
    asked.current.add(key);
    const [kind, ...rest] = id.split(' ');
    const members =
      kind === 'items'
        ? await answers.items(rest.join(' '), skip, PAGE)
        : await answers.members({ line: Number(rest[0]), from: Number(rest[1]) }, skip, PAGE);
    // A list that is still growing is asked again.
    if (members.length < PAGE && kind === 'items') asked.current.delete(key);
    loaded.current.set(id, [...(loaded.current.get(id) ?? []).slice(0, skip), ...members]);
    again((count) => count + 1);
  };
  const pending = lines.filter(({ load }) => load?.skip === 0);
  useEffect(() => {
    for (const { load: what } of pending) if (what) void load(what);
  });
  const act = (line: Line): void => {
    if (line.load) return void load(line.load);
    if (line.isOpen === undefined) return;
    const next = new Set(turned);
    const id = line.kind === 'value' && line.value ? idOf(line.value) : line.id;
    if (!next.delete(id)) next.add(id);
    turn(next);
  };
  const move = (index: number): void => {
    const next = Math.max(0, Math.min(lines.length - 1, index));
    activate(next);
    show(next);
  };
  const line = lines[Math.min(at, lines.length - 1)];
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || !line) return;
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      Home: () => move(0),
      End: () => move(lines.length - 1),
      PageDown: () => move(at + 12),
      PageUp: () => move(at - 12),
      ArrowRight: () => (line.isOpen === false ? act(line) : move(at + 1)),
      ArrowLeft: () =>
        line.isOpen ? act(line) : move(lines.findLastIndex(({ depth }, index) => index < at && depth < line.depth)),
      Enter: () => act(line),
    };
    const step = event.ctrlKey || event.metaKey ? undefined : steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  if (!line)
    return (
      <p class="empty">{run.over === undefined ? 'Waiting for the first reply …' : 'There is no reply to show.'}</p>
    );
  return (
    <>
      <div
        class="tree"
        ref={box}
        role="tree"
        tabIndex={0}
        aria-label="The answer"
        aria-activedescendant={`line-${Math.min(at, lines.length - 1)}`}
        onKeyDown={onKeyDown}
      >
        <div class="rows-inner" role="presentation" style={{ height: `${lines.length * ROW}px` }}>
          {lines.slice(first, Math.max(first, last)).map((one, offset) => (
            <LineView
              key={one.id}
              line={one}
              index={first + offset}
              top={(first + offset) * ROW}
              isActive={one === line}
              onPick={() => {
                activate(first + offset);
                act(one);
              }}
            />
          ))}
        </div>
      </div>
      <Chosen line={line} answers={answers} />
    </>
  );
}

/** What can be done with the value that is chosen. */
function Chosen({ line, answers }: { line: Line; answers: AnswerClient }) {
  const { pointer, value, frame } = line;
  return (
    <div class="chosen">
      <code class="pointer">{pointer ?? line.name}</code>
      {pointer !== undefined && (
        <CopyButton
          label="Copy as $result"
          title="A reference to this value, for another query"
          text={() => JSON.stringify({ $result: pointer })}
        />
      )}
      {value && <CopyButton label="Copy value" text={async () => (await answers.text(value, Infinity)).text} />}
      {value?.kind === 'string' && <Picture key={idOf(value)} value={value} meta={frame?.meta} answers={answers} />}
    </div>
  );
}
