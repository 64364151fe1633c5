import type { TargetedKeyboardEvent } from 'preact';
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
        onKeyDown={onMenuKey}
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

/** The keys of an open menu; a letter goes to the next item that begins with it. */
function onMenuKey(event: TargetedKeyboardEvent<HTMLElement>): void {
  const { key, currentTarget: list, ctrlKey, metaKey } = event;
  const items = Array.from(list.querySelectorAll<HTMLElement>('[role=menuitem]'));
  const at = items.findIndex((item) => item === document.activeElement);
  const steps: Record<string, () => void> = {
    ArrowDown: () => items[(at + 1) % items.length]?.focus(),
    ArrowUp: () => items.at((at - 1) % items.length)?.focus(),
    Home: () => items[0]?.focus(),
    End: () => items.at(-1)?.focus(),
  };
  const isLetter = key.length === 1 && key !== ' ' && !ctrlKey && !metaKey;
  if (isLetter) {
    const begins = (item: HTMLElement): boolean => item.textContent.toLowerCase().startsWith(key.toLowerCase());
    [...items.slice(at + 1), ...items.slice(0, at + 1)].find(begins)?.focus();
  }
  steps[key]?.();
  if (isLetter || key in steps) event.preventDefault();
  else if (key === 'Tab') list.hidePopover();
}
