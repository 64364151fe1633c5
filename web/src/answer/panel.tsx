import { useState } from 'preact/hooks';
import { MenuButton } from '../page/menu-button.tsx';
import type { Session } from '../session/session.ts';
import { FILES } from './file-name.ts';
import { Progress } from './progress.tsx';
import { ProblemView } from './problem-view.tsx';
import { AnswerText } from './text.tsx';
import { AnswerTree } from './tree.tsx';

const DOWNLOADS = [
  ...FILES.map(({ type, ending, says }) => ({ type, name: ending, says })),
  { type: 'application/octet-stream', name: 'as it is', says: 'one file of a store' },
];

/** What came back. */
export function AnswerPanel({ session }: { session: Session }) {
  const [view, setView] = useState<'tree' | 'text'>('tree');
  const { run, answers, download } = session;
  return (
    <section class="panel answer" aria-labelledby="answer-title">
      <header class="panel-head">
        <h2 id="answer-title">Answer</h2>
        <p class="summary" role="status">
          {stateOf(session)}
        </p>
        <MenuButton
          label="Download"
          groups={[{ items: DOWNLOADS.map(({ type, ...item }) => ({ ...item, act: () => session.save(type) })) }]}
        />
        <div class="segmented" role="group" aria-label="How it is shown">
          {(['tree', 'text'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
              {one === 'tree' ? 'Tree' : 'Text'}
            </button>
          ))}
        </div>
      </header>
      {download && <Progress download={download} session={session} />}
      {run?.problem && <ProblemView problem={run.problem} />}
      {run?.end?.error && (
        <p class="notice notice-bad">{`The batch failed. ${run.end.error.code}: ${run.end.error.message}`}</p>
      )}
      {!run ? (
        <p class="empty">
          Run the batch with the button, or with <kbd>Ctrl</kbd> <kbd>Enter</kbd>.
        </p>
      ) : run.problem ? null : view === 'tree' ? (
        <AnswerTree key={run.began} run={run} answers={answers} />
      ) : (
        <AnswerText key={run.began} run={run} answers={answers} />
      )}
    </section>
  );
}

function stateOf({ run }: Session): string {
  if (!run) return '';
  const { length } = run.replies;
  if (run.over === undefined)
    return length === 0 ? 'Running' : `${length} ${length === 1 ? 'reply' : 'replies'} so far`;
  return {
    end: run.end?.complete ? 'Complete' : 'Incomplete',
    stopped: 'Stopped',
    cut: 'Cut: the connection broke before the end',
    unreachable: 'codap cannot be reached',
    full: 'Stopped: more than a page can hold',
    refused: 'Refused',
  }[run.over];
}
