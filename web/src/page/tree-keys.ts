/** A tree as its keys see it: rows from top to bottom, of which one is active. */
export interface TreeRows {
  /** The active row, from 0 on; -1 if there is none. */
  readonly at: number;
  readonly count: number;
  /** Whether it is open; nothing where there is nothing to open. */
  readonly isOpen: boolean | undefined;
  /** The row in which it stands; -1 at the top. */
  readonly parent: () => number;
  /** Makes another row active; one outside stands for the nearest. */
  readonly move: (index: number) => void;
  /** What a click on the active row does. */
  readonly act: () => void;
}

/** What of a `KeyboardEvent` tells what was pressed, and where. */
interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly target: unknown;
  readonly currentTarget: unknown;
  preventDefault(): void;
}

/** The keys of a tree (WAI-ARIA Authoring Practices, "Tree View"), and those that turn a page. */
export function onTreeKey(event: KeyPress, { at, count, isOpen, parent, move, act }: TreeRows): void {
  // What stands in a row, such as a link, has keys of its own.
  if (event.target !== event.currentTarget) return;
  const leave = (): void => {
    const index = parent();
    if (index >= 0) move(index);
  };
  const steps: Record<string, () => void> = {
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(at - 1),
    Home: () => move(0),
    End: () => move(count - 1),
    PageDown: () => move(at + 10),
    PageUp: () => move(at - 10),
    ArrowRight: () => (isOpen === false ? act() : isOpen && move(at + 1)),
    ArrowLeft: () => (isOpen ? act() : leave()),
    Enter: act,
  };
  const step = event.ctrlKey || event.metaKey ? undefined : steps[event.key];
  if (!step) return;
  event.preventDefault();
  step();
}
