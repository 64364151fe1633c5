import { EXAMPLES } from '../session/examples.ts';
import { PATTERN_NAMES, PATTERNS } from '../session/pattern.ts';
import { MenuButton } from './menu-button.tsx';
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
  const groups = [
    {
      title: 'Examples',
      items: EXAMPLES.map(({ name, pattern, text }) => ({
        name,
        says: PATTERN_NAMES[pattern].name,
        act: () => session.edit(pattern, text),
      })),
    },
    {
      title: 'Saved batches',
      items: session.batches.map((saved) => ({
        name: saved.name,
        says: saved.description,
        act: () => session.showSaved(saved),
      })),
    },
    {
      title: 'Run before',
      items: session.history.all().map(({ at, pattern, text }) => ({
        name: new Date(at).toLocaleTimeString(),
        says: `${PATTERN_NAMES[pattern].name} ${text.replaceAll(/\s+/g, ' ').slice(0, 60)}`,
        act: () => session.edit(pattern, text),
      })),
    },
  ];
  return <MenuButton label="Open a batch" groups={groups.filter(({ items }) => items.length > 0)} />;
}
