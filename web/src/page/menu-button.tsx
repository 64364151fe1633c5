import { useId, useRef, useState } from 'preact/hooks';

/** Something to choose. */
export interface MenuItem {
  readonly name: string;
  /** What it is, in a few words. */
  readonly says?: string | undefined;
  readonly act: () => void;
}

interface MenuProps {
  readonly label: string;
  readonly groups: readonly { readonly title?: string; readonly items: readonly MenuItem[] }[];
}

/**
 * A button that opens a menu (WAI-ARIA Authoring Practices, "Menu Button"). Escape, a click elsewhere and a
 * choice close it.
 */
export function MenuButton({ label, groups }: MenuProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const items = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const focus = (at: number): void => items().at(at)?.focus();
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items();
    const at = all.findIndex((item) => item === document.activeElement);
    const next = (step: number): void => focus((at + step) % all.length);
    const steps: Record<string, () => void> = {
      ArrowDown: () => next(1),
      ArrowUp: () => next(-1),
      Home: () => focus(0),
      End: () => focus(-1),
      Tab: () => list.current?.hidePopover(),
    };
    const isLetter = event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey;
    if (isLetter) {
      const begins = (item: HTMLElement): boolean => item.textContent.toLowerCase().startsWith(event.key.toLowerCase());
      [...all.slice(at + 1), ...all.slice(0, at + 1)].find(begins)?.focus();
    }
    steps[event.key]?.();
    if (isLetter || (event.key in steps && event.key !== 'Tab')) event.preventDefault();
  };
  return (
    <div class="menu">
      <button
        type="button"
        class="menu-button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        popovertarget={id}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          list.current?.showPopover({ source: event.currentTarget });
        }}
      >
        {label}
      </button>
      <div
        id={id}
        ref={list}
        popover="auto"
        role="menu"
        aria-label={label}
        class="menu-list"
        onKeyDown={onKeyDown}
        onToggle={({ newState }) => setOpen(newState === 'open')}
      >
        {groups.map(({ title, items }, index) => (
          <div key={index} role="group" aria-label={title}>
            {title !== undefined && (
              <p class="menu-title" aria-hidden="true">
                {title}
              </p>
            )}
            {items.map(({ name, says, act }, at) => (
              <button
                key={at}
                type="button"
                role="menuitem"
                tabIndex={-1}
                autofocus={index === 0 && at === 0}
                onClick={() => {
                  list.current?.hidePopover();
                  act();
                }}
              >
                {name}
                {says !== undefined && <span class="quiet"> {says}</span>}
              </button>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
