import { isPattern, type Pattern, PATTERNS } from './pattern.ts';

/** A batch that was run. */
export interface Past {
  readonly at: number;
  readonly pattern: Pattern;
  readonly text: string;
}

/** What stands in the editors and in a form, whether it was run or not. */
export interface Drafts {
  readonly pattern: Pattern;
  readonly texts: Readonly<Partial<Record<Pattern, string>>>;
  /** The saved batch whose form is shown, with its parameters as JSON. */
  readonly saved?: { readonly saved: string; readonly params: string } | undefined;
}

type Place = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const MOST = 30;

/** The longest text that is kept, in characters: what is no JSON and longer would make each load slow. */
const LONGEST = 200_000;

/**
 * What was run before, in this browser alone, and what is written, in this tab alone; without a place to keep
 * it, or where it is off, nothing.
 */
export class History {
  readonly #batches: string;
  readonly #forgets: string;
  readonly #drafts: string;
  readonly #storage: Place | undefined;
  readonly #tab: Place | undefined;

  /** `path` is where the page lies: other services of the same origin have the same storage. */
  constructor(path: string, storage: Place | undefined, tab?: Place) {
    this.#batches = `codap.history ${path}`;
    this.#forgets = `codap.forget ${path}`;
    this.#drafts = `codap.drafts ${path}`;
    this.#storage = storage;
    this.#tab = tab;
  }

  get isOn(): boolean {
    return this.#storage?.getItem(this.#forgets) === null;
  }

  /** Turned off it forgets all there is; what another tab wrote, that tab forgets by `heed`. */
  turn(isOn: boolean): void {
    if (isOn) return this.#storage?.removeItem(this.#forgets);
    // First, for there may be no room left.
    this.#storage?.removeItem(this.#batches);
    this.#storage?.setItem(this.#forgets, 'true');
    this.heed();
  }

  /** Forgets what is written in this tab where another has turned it off. */
  heed(): void {
    if (!this.isOn) this.#tab?.removeItem(this.#drafts);
  }

  /** The last first. What does not read as a history is none. */
  all(): Past[] {
    const found = readFrom(this.#storage, this.#batches);
    return Array.isArray(found) ? found.filter(isPast) : [];
  }

  add(past: Past): void {
    if (!this.isOn) return;
    const others = this.all().filter(({ pattern, text }) => pattern !== past.pattern || text !== past.text);
    writeTo(this.#storage, this.#batches, [past, ...others].slice(0, MOST));
  }

  /** What was written when this tab left the page. */
  drafts(): Drafts | undefined {
    this.heed();
    const found = readFrom(this.#tab, this.#drafts);
    return isDrafts(found) ? found : undefined;
  }

  /** Keeps what is written until this tab is closed, but for what is too long. */
  keep({ pattern, texts, saved }: Drafts): void {
    // Where there is no room, what was kept before must not come back as if it were the last.
    this.#tab?.removeItem(this.#drafts);
    if (!this.isOn) return;
    const short = Object.entries(texts).filter(([, text]) => text.length <= LONGEST);
    writeTo(this.#tab, this.#drafts, {
      pattern,
      texts: Object.fromEntries(short),
      saved: saved && saved.params.length <= LONGEST ? saved : undefined,
    });
  }
}

function readFrom(place: Place | undefined, name: string): unknown {
  try {
    return JSON.parse(place?.getItem(name) ?? 'null');
  } catch {
    return undefined;
  }
}

function writeTo(place: Place | undefined, name: string, value: unknown): void {
  try {
    place?.setItem(name, JSON.stringify(value));
  } catch {
    // The browser has no room for it: then it is not kept.
  }
}

function isPast(value: unknown): value is Past {
  const { at, pattern, text } = (value ?? {}) as Partial<Past>;
  return typeof at === 'number' && typeof text === 'string' && typeof pattern === 'string' && isPattern(pattern);
}

function isDrafts(value: unknown): value is Drafts {
  const { pattern, texts, saved } = (value ?? {}) as Partial<Drafts>;
  return (
    typeof pattern === 'string' &&
    isPattern(pattern) &&
    texts instanceof Object &&
    PATTERNS.every((one) => ['string', 'undefined'].includes(typeof texts[one])) &&
    (saved === undefined || (typeof saved?.saved === 'string' && typeof saved.params === 'string'))
  );
}

/** A storage of the browser, where it lets us. */
export function browserStorage(name: 'localStorage' | 'sessionStorage'): Storage | undefined {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}
