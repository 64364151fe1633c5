import { parseAsWritten } from '../json/as-written.ts';
import { fromFragment, type Linked, toFragment } from '../share/link.ts';
import type { Drafts } from './history.ts';
import type { Pattern } from './pattern.ts';
import type { SavedBatch } from './service.ts';

/** What a link is about. */
interface Shown {
  readonly batches: readonly SavedBatch[];
  edit(pattern: Pattern, text: string): void;
  showSaved(saved: SavedBatch, params?: Record<string, unknown>): void;
}

/** A link to this page that holds a batch. */
export function linkTo(linked: Linked): string {
  return document.baseURI.replace(/#.*$/s, '') + toFragment(linked);
}

/** Shows the batch that a link to this page holds, each link once, or the form that was left. */
export class Linking {
  readonly #shown: Shown;
  #linked: Linked | undefined;

  constructor(shown: Shown, kept: Drafts | undefined) {
    this.#shown = shown;
    // Who comes back wants what became of the link since.
    this.#linked = (kept && isComingBack() ? undefined : fromFragment(location.hash)) ?? kept?.saved;
    addEventListener('hashchange', () => {
      this.#linked = fromFragment(location.hash);
      this.take();
    });
  }

  /** The saved batch that is not known yet, whose form is to be shown once it is. */
  get waiting(): Drafts['saved'] {
    return this.#linked && 'saved' in this.#linked ? this.#linked : undefined;
  }

  /** Shows what is linked to; a saved batch only once it is known. */
  take(): void {
    const linked = this.#linked;
    if (!linked) return;
    if ('pattern' in linked) return this.#shown.edit(linked.pattern, linked.text);
    const saved = this.#shown.batches.find(({ name }) => name === linked.saved);
    if (saved) this.#shown.showSaved(saved, paramsOf(linked.params));
  }

  /** What is linked to is there, or somebody does something else meanwhile: it must not take the page from them. */
  drop(): void {
    this.#linked = undefined;
  }
}

/** Whether the page was loaded anew or gone back to, and not by a link. */
function isComingBack(): boolean {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return entry?.type === 'reload' || entry?.type === 'back_forward';
}

/** The parameters in a link; none if they cannot be read. */
function paramsOf(text: string): Record<string, unknown> | undefined {
  try {
    return parseAsWritten(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
