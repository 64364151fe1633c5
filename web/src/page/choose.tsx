import { EXAMPLES } from '../session/examples.ts';
import { PATTERN_NAMES, PATTERNS } from '../session/pattern.ts';
import type { Session } from '../session/session.ts';

/** The patterns, of which one is edited. */
export function PatternTabs({ session }: { session: Session }) {
  const move = (step: number): void => {
    const next = PATTERNS[(PATTERNS.indexOf(session.pattern) + step + PATTERNS.length) % PATTERNS.length]!;
    session.edit(next);
    document.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div
      class="tabs"
      role="tablist"
      aria-label="Pattern"
      onKeyDown={({ key }) => (key === 'ArrowRight' ? move(1) : key === 'ArrowLeft' ? move(-1) : undefined)}
    >
      {PATTERNS.map((pattern) => {
        const isChosen = pattern === session.pattern && !session.saved;
        return (
          <button
            key={pattern}
            id={`tab-${pattern}`}
            type="button"
            role="tab"
            aria-selected={isChosen}
            aria-controls="batch"
            tabIndex={pattern === session.pattern ? 0 : -1}
            title={PATTERN_NAMES[pattern].says}
            onClick={() => session.edit(pattern)}
          >
            {PATTERN_NAMES[pattern].name}
          </button>
        );
      })}
    </div>
  );
}

/** Batches to begin with: examples, saved ones, and what was run before. */
export function Menu({ session }: { session: Session }) {
  const past = session.history.all();
  const choose = (choice: string): void => {
    const [kind, at] = choice.split(' ');
    const index = Number(at);
    if (kind === 'example') session.edit(EXAMPLES[index]!.pattern, EXAMPLES[index]!.text);
    else if (kind === 'saved') session.showSaved(session.batches[index]!);
    else if (kind === 'past') session.edit(past[index]!.pattern, past[index]!.text);
  };
  return (
    <label class="menu">
      <span class="unseen">Open a batch</span>
      <select
        value=""
        onChange={({ currentTarget }) => {
          choose(currentTarget.value);
          currentTarget.value = '';
        }}
      >
        <option value="">Open …</option>
        <optgroup label="Examples">
          {EXAMPLES.map(({ name, pattern }, index) => (
            <option key={name} value={`example ${index}`}>
              {`${name} · ${PATTERN_NAMES[pattern].name}`}
            </option>
          ))}
        </optgroup>
        {session.batches.length > 0 && (
          <optgroup label="Saved batches">
            {session.batches.map(({ name }, index) => (
              <option key={name} value={`saved ${index}`}>
                {name}
              </option>
            ))}
          </optgroup>
        )}
        {past.length > 0 && (
          <optgroup label="Run before">
            {past.map(({ at, pattern, text }, index) => (
              <option key={`${at} ${index}`} value={`past ${index}`}>
                {`${new Date(at).toLocaleTimeString()} · ${PATTERN_NAMES[pattern].name} · ${text.replaceAll(/\s+/g, ' ').slice(0, 60)}`}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}
