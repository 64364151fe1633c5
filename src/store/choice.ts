import { firstWithin } from '../ground/first-within.ts';

/** Bytes of names that one fault lists: a detail is cut beyond 512 characters, in the middle of a name. */
const MOST_LISTED = 400;

/** Says that one of these names is allowed: of those not too long the first, and how many others. */
export function choice(names: readonly unknown[], most = MOST_LISTED, what = 'allowed here'): string {
  const bytesOf = (name: unknown): number => Buffer.byteLength(String(name)) + 2;
  const short = names.filter((name) => bytesOf(name) <= most);
  const told = firstWithin(short, most, bytesOf);
  const others = names.length - told.length;
  if (told.length === 0) return others ? `${what}: ${others} too long to be listed` : `${what}: none`;
  const more = others ? ` and ${others} more` : '';
  return `${what}: ${told.join(', ')}${more}`;
}

/** Says that a field is missing, and what is allowed there. */
export function missing(name: string | number, detail: string): string {
  return `${name} is missing; ${detail}`;
}
