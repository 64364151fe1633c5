import type { FastifyRequest } from 'fastify';
import type { Grant } from '../../callers/known-caller.ts';

/** A path of which a route was made. */
interface Known {
  /** Its segments; one that begins with a colon may be anything. */
  readonly parts: readonly string[];
  readonly methods: Set<string>;
  readonly isThereFor: (caller: Grant) => boolean;
}

/** The paths of an app. */
export class Paths {
  readonly #written = new Map<string, Known>();
  /** Those of which a segment may be anything: they are few. */
  readonly #open = new Set<Known>();

  add(url: string, methods: readonly string[], isThereFor: Known['isThereFor']): void {
    const known = this.#written.get(url) ?? { parts: url.split('/'), methods: new Set(), isThereFor };
    for (const method of methods) known.methods.add(method);
    this.#written.set(url, known);
    if (known.parts.some((part) => part.startsWith(':'))) this.#open.add(known);
  }

  /** The methods of those that a URL's path fits, as far as they are there for who asks. */
  methodsAt({ url, caller }: FastifyRequest): readonly string[] {
    const path = pathOf(url);
    const segments = path.split('/');
    const fits = ({ parts }: Known): boolean =>
      parts.length === segments.length && parts.every((part, at) => part.startsWith(':') || part === segments[at]);
    const written = this.#written.get(path);
    return [...(written ? [written] : []), ...[...this.#open].filter(fits)].flatMap(({ methods, isThereFor }) =>
      isThereFor(caller) ? [...methods] : [],
    );
  }
}

/**
 * The path of a request target, which the router has read, and taken the path from in the same way: it may
 * name its host (RFC 9112 §3.2.2), and ends at a `#`, too, behind which anything may stand.
 */
function pathOf(target: string): string {
  return decodeURI(target.replace(/[?#].*$/s, '').replace(/^https?:\/\/[^/]*/i, '')) || '/';
}
