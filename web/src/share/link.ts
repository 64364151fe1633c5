import { isPattern, type Pattern } from '../session/pattern.ts';

/** What a link holds. */
export type Linked =
  | { readonly pattern: Pattern; readonly text: string }
  | { readonly saved: string; readonly params: string };

/** The fragment that holds a batch, or a saved batch's name with its parameters as JSON. */
export function toFragment(linked: Linked): string {
  return 'saved' in linked
    ? `#batches/${encodeURIComponent(linked.saved)}=${encoded(linked.params)}`
    : `#${linked.pattern}=${encoded(linked.text)}`;
}

/** What a fragment holds; nothing if that cannot be read. */
export function fromFragment(fragment: string): Linked | undefined {
  const [, name = '', value = ''] = /^#([^=]+)=([\w-]*)$/.exec(fragment) ?? [];
  try {
    const text = decoded(value);
    if (isPattern(name)) return { pattern: name, text };
    if (name.startsWith('batches/')) return { saved: decodeURIComponent(name.slice(8)), params: text };
  } catch {
    // A link that was cut or mistyped is as good as none.
  }
  return undefined;
}

/** UTF-8 as base64url without padding (RFC 4648 §5). */
function encoded(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function decoded(text: string): string {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (sign) => sign.charCodeAt(0)));
}
