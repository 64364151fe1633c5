import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';
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
  const view = useRef<EditorView>(null);
  useEffect(() => {
    const editor = new EditorView({ parent: place.current!, state: stateOf(session, knowledge) });
    view.current = editor;
    return () => editor.destroy();
  }, []);
  const { text, faults } = session;
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === text) return;
    editor.setState(stateOf(session, knowledge));
  }, [text]);
  useEffect(() => {
    const { state } = view.current!;
    view.current!.dispatch(setDiagnostics(state, diagnosticsOf(state.doc.toString(), faults)));
  }, [faults]);
  return <div class="editor" ref={place} />;
}

function stateOf(session: Session, knowledge: Knowledge): EditorState {
  return EditorState.create({
    doc: session.text,
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
      autocompletion({ override: [completing(session, knowledge)], icons: false }),
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
        if (docChanged) session.type(state.doc.toString());
      }),
      EditorView.lineWrapping,
      theme,
    ],
  });
}
