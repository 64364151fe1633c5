import { isPattern, type Pattern } from './pattern.ts';

/** A batch that was run. */
export interface Past {
  readonly at: number;
  readonly pattern: Pattern;
  readonly text: string;
}

const [BATCHES, FORGETS] = ['codap.history', 'codap.forget'];
const MOST = 30;

/** What was run before, in this browser alone; without a place to keep it, or where it is off, nothing. */
export class History {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined) {
    this.#storage = storage;
  }

  get isOn(): boolean {
    return this.#storage?.getItem(FORGETS) === null;
  }

  /** Turned off it forgets all there is. */
  turn(isOn: boolean): void {
    if (isOn) return this.#storage?.removeItem(FORGETS);
    this.#storage?.setItem(FORGETS, 'true');
    this.#storage?.removeItem(BATCHES);
  }

  /** The last first. What does not read as a history is none. */
  all(): Past[] {
    try {
      const found: unknown = JSON.parse(this.#storage?.getItem(BATCHES) ?? '[]');
      return Array.isArray(found) ? found.filter(isPast) : [];
    } catch {
      return [];
    }
  }

  add(past: Past): void {
    if (!this.isOn) return;
    const others = this.all().filter(({ pattern, text }) => pattern !== past.pattern || text !== past.text);
    try {
      this.#storage?.setItem(BATCHES, JSON.stringify([past, ...others].slice(0, MOST)));
    } catch {
      // The browser has no room for it: then it is not kept.
    }
  }
}

function isPast(value: unknown): value is Past {
  const { at, pattern, text } = (value ?? {}) as Partial<Past>;
  return typeof at === 'number' && typeof text === 'string' && typeof pattern === 'string' && isPattern(pattern);
}

/** The browser's storage, where it lets us. */
export function browserStorage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
