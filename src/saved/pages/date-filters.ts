import { type FilterImplOptions, toValue } from 'liquidjs';
import { remembering } from '../../ground/remember.ts';
import { boundsOf } from './bounds.ts';
import { scalarOf } from './comparisons.ts';
import { MONTHS, type Shown, strftime } from './strftime.ts';

/** How a date is written that no format is given for. */
const FORMAT = '%A, %B %-e, %Y at %-l:%M %P %z';

/** A character of a format takes as long as so many that other filters look at. */
const FORMATTING = 16;

/** Characters beyond which a text is no date, and no zone. */
const LONGEST = 100;

/** A year of four digits before 100: but in ISO 8601 JavaScript takes it for one from 1950 to 2049. */
const EARLY = /(?:^(?:\+00)?|(?<=[\s/,]|[a-z]-))00(?=\d\d(?![\d:.]))/i;

/** After so long the calendar begins anew. */
const FOUR_CENTURIES = 146_097 * 86_400_000;

/** As JavaScript reads a date, it says nothing. */
const PARENTHESES = /\([^)]*\)?/g;

/**
 * What says of which zone a date is, as JavaScript reads it: a word behind the first number, or a sign behind
 * a time, but no hyphen that follows a month or a day.
 */
const OF_ZONE = /\d.*(?<![a-z])(?:z|utc?|gmt|[ecmp][sd]t)(?![a-z])|:.*(?:\+|(?<![a-z]{3}|[^:.\d]\d+)-)/is;

/** A month's name, whole or its first three letters; `Sept`, too. */
const MONTH = [...MONTHS.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`), 'Sept'].join('|');
const WEEKDAY = '(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?';
const CLOCK = String.raw`\d\d?:[\d:.]+`;

/** What may come before the day, in front of its month or behind it. */
const FRONT = String.raw`(?:${WEEKDAY},?\s+)?(?:${CLOCK}\s+)?`;

const ZONE = String.raw`[-+](?:[01]?\d|2[0-3])(?::?[0-5]\d)?(?!\d)`;

/** What may come behind the day: a time, a zone. */
const BEHIND = String.raw`(?:[\sT,]+\d\d?:[^-+]*(?:${ZONE}[^-+]*)?|[^\d:]*)`;

/**
 * How a day is written. JavaScript takes other texts for dates, too: it passes over words, makes up a year.
 * 2024-03-05 (ISO 8601), 2024/3/5, 2024-Mar-05, 2024-03 · 5 March 2024, 05-Mar-24 (RFC 5322, RFC 9110) ·
 * March 5, 2024, Mar  5 10:30:00 2024 (asctime) · 3/5/2024.
 */
const DAYS = [
  String.raw`(?<year>[-+]\d{6}|\d{4})(?<mark>[-/]|\s(?=[a-z]))(?<month>\d\d?|${MONTH})(?:\k<mark>(?<day>\d\d?)|(?<=-\d\d)$)`,
  String.raw`${FRONT}(?<day>\d\d?)(?:\s+|-)(?<month>${MONTH})(?:,?\s+|-)(?<year>\d{4}|\d\d)`,
  String.raw`${FRONT}(?<month>${MONTH})\s+(?<day>\d\d?)(?:,\s*|\s+)(?:${CLOCK}\s+(?:[a-z]+\s+)?)?(?<year>\d{4})`,
  String.raw`(?<month>\d\d?)/(?<day>\d\d?)/(?<year>\d{4}|\d\d)`,
].map((day) => new RegExp(`^\\s*${day}${BEHIND}$`, 'is'));

/** LiquidJS's filters, but for what they take from the machine: its time zone and its language. */
export const dateFilters: Readonly<Record<string, FilterImplOptions>> = {
  date(value: unknown, format: unknown, zone: unknown) {
    const shown = shownIn(value, zone);
    const text = String(scalarOf(format) ?? FORMAT);
    boundsOf(this.context).atOnce(FORMATTING * text.length);
    return shown ? strftime(shown, text, boundsOf(this.context)) : value;
  },
  date_to_xmlschema: formatted(() => '%Y-%m-%dT%H:%M:%S%:z'),
  date_to_rfc822: formatted(() => '%a, %d %b %Y %H:%M:%S %z'),
  date_to_string: formatted((type, style) => dayFormat('%b', type, style)),
  date_to_long_string: formatted((type, style) => dayFormat('%B', type, style)),
};

function formatted(formatOf: (type: unknown, style: unknown) => string): FilterImplOptions {
  return function (value: unknown, type: unknown, style: unknown) {
    const shown = shownIn(value, undefined);
    return shown ? strftime(shown, formatOf(type, style), boundsOf(this.context)) : value;
  };
}

function dayFormat(month: string, type: unknown, style: unknown): string {
  if (type !== 'ordinal') return `%d ${month} %Y`;
  return style === 'US' ? `${month} %-d%q, %Y` : `%-d%q ${month} %Y`;
}

/** A date as it is in a zone: one of that name, or so many minutes to the west of UTC. */
function shownIn(value: unknown, zone: unknown): Shown | undefined {
  const time = timeOf(scalarOf(value));
  const named: unknown = toValue(zone) ?? 0;
  const offset = typeof named === 'string' ? offsetOf(named, time) : typeof named === 'number' ? -named * 60_000 : NaN;
  const date = new Date(time + offset);
  return Number.isNaN(date.getTime())
    ? undefined
    : { date, offset, zone: typeof named === 'string' ? named : undefined };
}

/** Milliseconds from 1970; NaN where a value is no date. */
function timeOf(value: unknown): number {
  if (value === 'now' || value === 'today') return Date.now();
  if (typeof value === 'number') return value * 1000;
  if (typeof value !== 'string' || value.length > LONGEST) return NaN;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const text = value.replace(PARENTHESES, ' ');
  return EARLY.test(text) ? timeOfText(text.replace(EARLY, '04')) - FOUR_CENTURIES : timeOfText(text);
}

function timeOfText(text: string): number {
  if (!DAYS.some((form) => isThere(form.exec(text)?.groups))) return NaN;
  if (OF_ZONE.test(text)) return Date.parse(text);
  // JavaScript would take it for a time where codap runs. Some forms have no blank before their zone.
  const time = Date.parse(`${text} Z`);
  return Number.isNaN(time) ? Date.parse(`${text}Z`) : time;
}

/** Whether its month has a day: JavaScript would go on into the next one. */
function isThere(said: Readonly<Record<string, string>> | undefined): boolean {
  if (!said) return false;
  const { year, month = '', day = 1 } = said;
  const start = month.slice(0, 3).toLowerCase();
  const nth = Number(month) || MONTHS.findIndex((name) => name.toLowerCase().startsWith(start)) + 1;
  // After 400 years the calendar begins anew, and of a year before 100 it would make another one.
  return Number(day) <= new Date(Date.UTC(2000 + (Number(year) % 400), nth, 0)).getUTCDate();
}

/** How many milliseconds to the east of UTC a zone is at a time; NaN where there is no such zone, or time. */
function offsetOf(zone: string, time: number): number {
  const clock = zone.length > LONGEST ? undefined : clockOf(zone);
  if (!clock || Number.isNaN(new Date(time).getTime())) return NaN;
  // Before zones had whole minutes they had seconds, too: "GMT+00:53:28".
  const told = clock.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = 0, minutes = 0, seconds = 0] = /([+-])(\d+):(\d+)(?::(\d+))?$/.exec(told) ?? [];
  const toEast = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -toEast : toEast;
}

/** What tells the time of a zone; undefined where there is none of that name. To make one takes long. */
const clockOf = remembering((timeZone) => {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
});
