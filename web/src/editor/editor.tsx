import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type CompletionSource,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, isolateHistory } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';
import type { Pattern } from '../session/pattern.ts';
import type { Session } from '../session/session.ts';
import { completing } from './complete.ts';
import { diagnosticsOf } from './diagnostics.ts';
import type { Knowledge } from './knowledge.ts';
import { theme } from './theme.ts';

/** Styles need the nonce that came with the page. */
const nonce = (): string => document.querySelector<HTMLElement>('[nonce]')?.nonce ?? '';

/** Where a batch is written: completed and underlined as one writes. Tab leaves it. */
export function Editor({ session, knowledge }: { session: Session; knowledge: Knowledge }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => openEditor(place.current!, session, knowledge), []);
  return <div class="editor" ref={place} hidden={session.saved !== undefined} />;
}

/**
 * Puts an editor there, which follows the session until the function it returns is called. It does so at once
 * and not with the next picture: by then another key may have come, which would be taken for another batch.
 */
function openEditor(parent: HTMLElement, session: Session, knowledge: Knowledge): () => void {
  // Each pattern has its own, so that what was written there can be taken back there.
  const states = new Map<Pattern, EditorState>();
  const stateOf = (pattern: Pattern): EditorState =>
    states.get(pattern) ?? newState(pattern, session, completing(session, knowledge));
  let { pattern } = session;
  let known: string | undefined;
  let faults: Session['explaining']['faults'] | undefined;
  const view = new EditorView({ parent, state: stateOf(pattern) });
  const follow = (): void => {
    if (pattern !== session.pattern) {
      states.set(pattern, view.state);
      pattern = session.pattern;
      view.setState(stateOf(pattern));
      known = undefined;
    }
    const text = session.drafts[pattern];
    if (known !== text) {
      known = text;
      if (view.state.doc.toString() !== text) replace(view, text);
    }
    if (faults !== session.explaining.faults) {
      faults = session.explaining.faults;
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state.doc.toString(), faults)));
    }
  };
  follow();
  const leave = session.listen(follow);
  return () => {
    leave();
    view.destroy();
  };
}

/** Another batch, from which one gets back to what stood there as from anything one wrote. */
function replace(view: EditorView, text: string): void {
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: text },
    selection: { anchor: 0 },
    scrollIntoView: true,
    annotations: isolateHistory.of('full'),
  });
}

function newState(pattern: Pattern, session: Session, complete: CompletionSource): EditorState {
  return EditorState.create({
    doc: session.drafts[pattern],
    extensions: [
      EditorView.cspNonce.of(nonce()),
      lineNumbers(),
      foldGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      json(),
      autocompletion({ override: [complete], icons: false }),
      keymap.of([
        { key: 'Mod-Enter', run: () => true },
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...completionKeymap,
        ...lintKeymap,
      ]),
      EditorView.contentAttributes.of({
        'aria-label': 'The batch, as JSON',
        'aria-describedby': 'faults',
        tabindex: '0',
      }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) session.type(pattern, state.doc.toString());
      }),
      EditorView.lineWrapping,
      theme,
    ],
  });
}
