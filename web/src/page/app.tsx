import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { AnswerPanel } from '../answer/panel.tsx';
import { ProblemView } from '../answer/problem-view.tsx';
import { Editor } from '../editor/editor.tsx';
import { Knowledge } from '../editor/knowledge.ts';
import { Session } from '../session/session.ts';
import { Waterfall } from '../waterfall/waterfall.tsx';
import { Menu, PatternTabs } from './choose.tsx';
import { FaultItems } from './fault-items.tsx';
import { Footer } from './footer.tsx';
import { KeyField } from './key-field.tsx';
import { ParamsForm } from './params.tsx';
import { Share } from './share.tsx';
import { useSession } from './use-session.ts';

/** The whole page. */
export function App() {
  const session = useMemo(() => new Session(), []);
  const knowledge = useMemo(() => new Knowledge(session.service), []);
  useSession(session);
  useEffect(() => void session.open(), []);
  // As soon as the page is there, for its keys are.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      session.start();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
  const { saved, explaining } = session;
  const { trouble, faults } = explaining;
  return (
    <div class="page">
      <header class="top">
        <h1>codap</h1>
        <p class="tagline">One batch of queries in, one answer out.</p>
        <nav aria-label="Elsewhere">
          <a href="docs">Interface</a>
        </nav>
        <KeyField session={session} needed={trouble?.status === 401} />
      </header>
      {!explaining.isReachable && (
        <p class="notice notice-bad" role="alert">
          codap cannot be reached. It is asked again and again; what you wrote stays here.
        </p>
      )}
      <main>
        <section class="panel batch" aria-label="Batch">
          <header class="panel-head">
            <PatternTabs session={session} />
            <Menu session={session} />
            <RunButton session={session} />
          </header>
          <div id="batch" role="tabpanel" aria-labelledby={`tab-${session.pattern}`} class="batch-body">
            {saved && <ParamsForm session={session} saved={saved} />}
            <Editor session={session} knowledge={knowledge} />
          </div>
          {trouble && <ProblemView problem={trouble} />}
          <Faults faults={faults} />
          <footer class="panel-foot">
            <Share session={session} />
          </footer>
        </section>
        <div class="results">
          <Waterfall session={session} />
          <AnswerPanel session={session} />
        </div>
      </main>
      <Footer session={session} />
    </div>
  );
}

function RunButton({ session }: { session: Session }) {
  return session.isRunning ? (
    <button type="button" class="run run-stop" onClick={() => session.stop()}>
      Stop
    </button>
  ) : (
    <button type="button" class="run" onClick={() => session.start()}>
      Run <kbd>Ctrl ↵</kbd>
    </button>
  );
}

function Faults({ faults }: Pick<Session['explaining'], 'faults'>) {
  return (
    <div
      id="faults"
      class={faults.length > 0 ? 'faults' : 'unseen'}
      role="status"
      tabIndex={faults.length > 0 ? 0 : -1}
    >
      {faults.length > 0 && <FaultItems faults={faults} />}
    </div>
  );
}
