import { useEffect, useState } from 'preact/hooks';
import { CopyButton } from '../page/copy.tsx';
import { useRowsInView } from '../page/rows-in-view.ts';
import { onTreeKey } from '../page/tree-keys.ts';
import type { Run } from '../session/run.ts';
import { idOf, type Line, linesOf } from './branches.ts';
import type { AnswerClient } from './client.ts';
import { LineView } from './line-view.tsx';
import { Picture } from './picture-view.tsx';
import { useMembers } from './use-members.ts';

const ROW = 26;

/** The answer to look into; nothing is read before somebody opens it. */
export function AnswerTree({ run, answers }: { run: Run; answers: AnswerClient }) {
  const [turned, turn] = useState<ReadonlySet<string>>(new Set());
  const [at, activate] = useState(0);
  const { loaded, load } = useMembers(answers);
  const lines = linesOf({ replies: run.replies, items: run.items, plan: run.plan?.root }, { turned, loaded });
  const { box, first, last, show } = useRowsInView(lines.length, ROW);
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
        onKeyDown={(event) =>
          onTreeKey(event, {
            at,
            count: lines.length,
            isOpen: line.isOpen,
            parent: () => lines.findLastIndex(({ depth }, index) => index < at && depth < line.depth),
            move,
            act: () => act(line),
          })
        }
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
