import { useState } from 'preact/hooks';
import type { Download } from '../session/download.ts';
import type { Session } from '../session/session.ts';
import { FaultItems } from '../page/fault-items.tsx';
import { AnswerText } from './text.tsx';
import type { Problem } from './node.ts';
import { AnswerTree } from './tree.tsx';

const FILES = [
  ['application/zip', 'zip'],
  ['application/gzip', 'tar.gz'],
  ['application/x-tar', 'tar'],
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
] as const;

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
        <label class="field-inline">
          <span class="unseen">Download as</span>
          <select
            value=""
            onChange={({ currentTarget }) => {
              const accept = currentTarget.value;
              currentTarget.value = '';
              if (accept) session.save(accept);
            }}
          >
            <option value="">Download …</option>
            {FILES.map(([type, name]) => (
              <option key={type} value={type}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <div class="segmented" role="group" aria-label="How it is shown">
          {(['tree', 'text'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
              {one === 'tree' ? 'Tree' : 'Text'}
            </button>
          ))}
        </div>
      </header>
      {download && <Progress download={download} stop={() => session.stop()} />}
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

/** Why there is no answer. */
export function ProblemView({ problem }: { problem: Problem }) {
  const { status, title, detail, code, source, errors = [] } = problem;
  return (
    <div class="notice notice-bad" role="alert">
      <p>
        <strong>{`${status} ${code ?? title ?? ''}`}</strong>
        {source !== undefined && ` ${source}`}
        {detail !== undefined && ` — ${detail}`}
      </p>
      {errors.length > 0 && <FaultItems faults={errors} />}
    </div>
  );
}

function Progress({ download, stop }: { download: Download; stop: () => void }) {
  const { bytes, total, state, problem } = download;
  if (problem) return <ProblemView problem={problem} />;
  const size = `${sized(bytes)}${total === undefined ? '' : ` of ${sized(total)}`}`;
  const says = {
    coming: `${size} so far`,
    there: `${size}, saved`,
    incomplete: `${size}, saved; it is not complete`,
    stopped: 'Stopped',
    broken: 'The connection broke',
  }[state];
  return (
    <div class={`notice ${state === 'broken' ? 'notice-bad' : ''}`}>
      <label class="download">
        <span role="status">{says}</span>
        {state === 'coming' && <progress {...(total === undefined ? {} : { max: total, value: bytes })} />}
      </label>
      {state === 'coming' && (
        <button type="button" class="quiet-button" onClick={stop}>
          Stop
        </button>
      )}
    </div>
  );
}

function sized(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
