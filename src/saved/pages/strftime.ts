import type { Bounds } from './bounds.ts';

/** An instant as the clocks of a zone show it. */
export interface Shown {
  /** What they show, as if they were in UTC. */
  readonly date: Date;
  /** Milliseconds to the east of UTC. */
  readonly offset: number;
  /** What the zone is called, if it was named. */
  readonly zone: string | undefined;
}

/** The names of the months, in English. */
export const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

type Field = (shown: Shown, told: { readonly width: number; readonly flags: string }) => string | number;

/** What a letter behind a `%` stands for: in Ruby's strftime, as LiquidJS has it. */
const FIELDS: Readonly<Record<string, Field>> = {
  a: ({ date }) => dayOf(date).slice(0, 3),
  A: ({ date }) => dayOf(date),
  b: ({ date }) => monthOf(date).slice(0, 3),
  B: ({ date }) => monthOf(date),
  C: ({ date }) => Math.floor(date.getUTCFullYear() / 100),
  d: ({ date }) => date.getUTCDate(),
  e: ({ date }) => date.getUTCDate(),
  h: ({ date }) => monthOf(date).slice(0, 3),
  H: ({ date }) => date.getUTCHours(),
  I: ({ date }) => date.getUTCHours() % 12 || 12,
  j: ({ date }) => dayOfYear(date) + 1,
  k: ({ date }) => date.getUTCHours(),
  l: ({ date }) => date.getUTCHours() % 12 || 12,
  L: ({ date }) => date.getUTCMilliseconds(),
  m: ({ date }) => date.getUTCMonth() + 1,
  M: ({ date }) => date.getUTCMinutes(),
  N: ({ date }, { width }) =>
    withZeros(date.getUTCMilliseconds(), 3)
      .slice(0, width || 9)
      .padEnd(width || 9, '0'),
  p: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: ({ date }) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  q: ({ date }) => ordinal(date.getUTCDate()),
  s: ({ date, offset }) => Math.floor((date.getTime() - offset) / 1000),
  S: ({ date }) => date.getUTCSeconds(),
  u: ({ date }) => date.getUTCDay() || 7,
  U: ({ date }) => weekOfYear(date, 0),
  w: ({ date }) => date.getUTCDay(),
  W: ({ date }) => weekOfYear(date, 1),
  y: ({ date }) => ((date.getUTCFullYear() % 100) + 100) % 100,
  Y: ({ date }) => date.getUTCFullYear(),
  z: ({ offset }, { flags }) => offsetText(offset, flags),
  Z: ({ offset, zone }, { flags }) => zone ?? offsetText(offset, flags),
  t: () => '\t',
  n: () => '\n',
  '%': () => '%',
};

/** Letters that stand for several fields. */
const SEVERAL: Readonly<Record<string, string>> = { c: '%x, %X', x: '%-m/%-d/%Y', X: '%-l:%M:%S %p' };

/** How wide a field is at least, unless that is said; a sign comes before that. */
const WIDTHS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Array.from('CdeHIklmMSUWy', (letter) => [letter, 2])),
  j: 3,
  L: 3,
  Y: 4,
};

/** Those that blanks make wide, not zeros. */
const WITH_BLANKS = 'aAbBcehklpPxX';

/** A date by a format, in English. */
export function strftime(shown: Shown, format: string, bounds: Bounds): string {
  return format.replace(/%([-_0^#:]*)(\d*)[EO]?(.)/g, (said: string, flags: string, digits: string, letter: string) => {
    const width = Number(digits);
    bounds.useCharacters(width);
    const several = SEVERAL[letter];
    const field = several === undefined ? FIELDS[letter]?.(shown, { width, flags }) : strftime(shown, several, bounds);
    if (field === undefined) return said;
    const text = cased(String(field), flags);
    if (flags.includes('-')) return text;
    const least = width || (WIDTHS[letter] ?? 0) + Number(text.startsWith('-'));
    const isBlank = flags.includes('_') || (WITH_BLANKS.includes(letter) && !flags.includes('0'));
    return isBlank ? text.padStart(least) : withZeros(text, least);
  });
}

function dayOf(date: Date): string {
  return DAYS[date.getUTCDay()] as string;
}

function monthOf(date: Date): string {
  return MONTHS[date.getUTCMonth()] as string;
}

/** Days that the year has had. */
function dayOfYear(date: Date): number {
  const first = new Date(date);
  first.setUTCMonth(0, 1);
  return Math.round((date.getTime() - first.getTime()) / 86_400_000);
}

/** Weeks that the year has had; days before the first that begins one belong to none. */
function weekOfYear(date: Date, beginning: number): number {
  const inWeek = (date.getUTCDay() - beginning + 7) % 7;
  return Math.floor((dayOfYear(date) - inWeek + 7) / 7);
}

function ordinal(day: number): string {
  const isTeen = day > 10 && day < 14;
  return (isTeen ? undefined : ['th', 'st', 'nd', 'rd'][day % 10]) ?? 'th';
}

function offsetText(offset: number, flags: string): string {
  const toEast = Math.trunc(offset / 60_000);
  const minutes = Math.abs(toEast);
  const between = flags.includes(':') ? ':' : '';
  return `${toEast < 0 ? '-' : '+'}${withZeros(Math.floor(minutes / 60), 2)}${between}${withZeros(minutes % 60, 2)}`;
}

function cased(text: string, flags: string): string {
  if (flags.includes('^')) return text.toUpperCase();
  if (!flags.includes('#')) return text;
  return /[a-z]/.test(text) ? text.toUpperCase() : text.toLowerCase();
}

/** With zeros before it, behind its sign. */
function withZeros(value: string | number, width: number): string {
  const text = String(value);
  return text.startsWith('-') ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0');
}
