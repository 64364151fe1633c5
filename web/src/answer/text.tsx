import { useEffect, useState } from 'preact/hooks';
import { CopyButton } from '../page/copy.tsx';
import type { Run } from '../session/run.ts';
import type { AnswerClient } from './client.ts';

/** Characters that are shown; a page with more of them is slow. */
const MOST = 200_000;

/** Of so many replies each is shown as it comes; of more, only the whole. */
const EACH = 100;

/** The answer as JSON. */
export function AnswerText({ run, answers }: { run: Run; answers: AnswerClient }) {
  const [shown, show] = useState({ text: '', isCut: false });
  const plan = run.plan?.text ?? JSON.stringify({ pattern: run.pattern });
  useEffect(() => {
    let isStale = false;
    void answers.whole(plan, MOST).then((text) => !isStale && show(text));
    return () => {
      isStale = true;
    };
  }, [run, plan, Math.min(run.replies.length, EACH), run.over]);
  return (
    <>
      {shown.isCut && (
        <p class="notice" role="note">
          {`Only the first ${MOST.toLocaleString('en')} characters are shown. Copying takes all of it.`}
        </p>
      )}
      <pre class="text" tabIndex={0} aria-label="The answer as text">
        {shown.text}
      </pre>
      <div class="chosen">
        <CopyButton label="Copy the answer" text={async () => (await answers.whole(plan, Infinity)).text} />
      </div>
    </>
  );
}
