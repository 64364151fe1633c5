const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = String.raw`(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60)`;
const MONTH = `(?<month>${MONTHS.join('|')})`;
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';

/** The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime. */
const FORMS = [
  String.raw`${DAY_NAME}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT`,
  String.raw`(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT`,
  String.raw`${DAY_NAME} ${MONTH} (?<day>\d\d| \d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** The instant an HTTP date names, in milliseconds; all of its forms are UTC. */
export function httpDate(text: string, now = Date.now()): number | undefined {
  let parts: Record<string, string> | undefined;
  for (const form of FORMS) if ((parts = form.exec(text)?.groups)) break;
  if (!parts) return undefined;
  const [day, hour, minute, second] = [parts['day'], parts['hour'], parts['minute'], parts['second']].map(Number);
  const month = MONTHS.indexOf(parts['month'] as string);
  const year = parts['year'] as string;
  const at = (full: number): number => {
    const date = new Date(0);
    date.setUTCFullYear(full, month, day);
    // A day that its month does not have would be one of the next.
    return date.getUTCMonth() === month ? date.setUTCHours(hour!, minute, second) : Number.NaN;
  };
  const instant = year.length === 4 ? at(Number(year)) : nearest(at, Number(year), now);
  return Number.isNaN(instant) ? undefined : instant;
}

/** Of two digits of a year, the one in this century, unless that is more than 50 years ahead. */
function nearest(at: (year: number) => number, digits: number, now: number): number {
  const today = new Date(now);
  const year = Math.floor(today.getUTCFullYear() / 100) * 100 + digits;
  const instant = at(year);
  return instant > today.setUTCFullYear(today.getUTCFullYear() + 50) ? at(year - 100) : instant;
}
