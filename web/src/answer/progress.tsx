import type { Download } from '../session/download.ts';
import type { Session } from '../session/session.ts';
import { ProblemView } from './problem-view.tsx';

/** How far a download is, and what became of it. */
export function Progress({ download, session }: { download: Download; session: Session }) {
  const { state, problem, bytes, total } = download;
  if (problem) return <ProblemView problem={problem} />;
  const isComing = state === 'coming';
  const isBad = state === 'cut' || state === 'unreachable' || state === 'incomplete';
  return (
    <div class={`notice download ${isBad ? 'notice-bad' : ''}`}>
      <span role="status">{wordsOf(download)}</span>
      {isComing && (
        <>
          <span class="quiet">{paceOf(download)}</span>
          <progress aria-label="Download" {...(total === undefined ? {} : { max: total, value: bytes })} />
        </>
      )}
      {isComing ? (
        <button type="button" class="quiet-button" onClick={() => session.stop()}>
          Stop
        </button>
      ) : (
        state !== 'there' && (
          <button type="button" class="quiet-button" onClick={() => session.saveAgain(download)}>
            Try again
          </button>
        )
      )}
    </div>
  );
}

/** What is read aloud: it changes when the state does, not with each byte. */
function wordsOf({ state, filename = 'The file', bytes, isOpaque }: Download): string {
  const size = sized(bytes);
  return {
    coming: filename,
    there: `${filename} is saved, ${size}${isOpaque ? '. If anything is missing, its _INCOMPLETE.json says so' : ''}`,
    incomplete: `${filename} is saved, ${size}, but it is not complete: it says itself what is missing`,
    stopped: `Stopped after ${size}. Nothing is saved`,
    cut: `${filename} broke off${bytes > 0 ? ` after ${size}` : ''}. Nothing is saved`,
    unreachable: 'codap cannot be reached. Nothing is saved',
    refused: '',
  }[state];
}

function paceOf({ bytes, total, began }: Download): string {
  if (bytes === 0) return 'Waiting for the first byte …';
  const perMs = bytes / Math.max(1, performance.now() - began);
  const left = total === undefined ? undefined : Math.ceil((total - bytes) / perMs / 1000);
  return [
    `${sized(bytes)}${total === undefined ? '' : ` of ${sized(total)}`}`,
    `${sized(Math.round(perMs * 1000))}/s`,
    ...(left === undefined ? [] : [`${left < 120 ? `${left} s` : `${Math.round(left / 60)} min`} left`]),
  ].join(' · ');
}

function sized(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
