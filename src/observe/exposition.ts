import Negotiator from 'negotiator';
import type { Steps, Work } from '../budget/work.ts';
import { remembering } from '../ground/remember.ts';
import type { Family, Series } from './family.ts';

/** The forms that metrics are written in, as media types; the first one unless another is asked for. */
export const FORMATS = [
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
  'text/plain; version=0.0.4; charset=utf-8',
] as const;

/** One of these. */
export type Format = (typeof FORMATS)[number];

/** How a scraper would like names that are not plain to be escaped: here all are. */
const ESCAPING = /;\s*escaping=[^\s;,]*/gi;

/**
 * The form that an `Accept` header likes best. As with any exporter, one that names neither gets one all the
 * same.
 */
export const formatFor = remembering((accept): Format => {
  const headers = accept === '' ? {} : { accept: accept.replace(ESCAPING, '') };
  const [best = FORMATS[0]] = new Negotiator({ headers }).mediaTypes([...FORMATS]);
  return best as Format;
});

/** Characters that become bytes together. */
const PIECE = 65_536;

/**
 * Writes families, in turns with others; those without a series are left out. Prometheus' library for Node
 * takes some twenty times as long, all of it in one turn of the event loop.
 */
export function* writeFamilies(families: readonly Family[], format: Format, work: Work): Steps<Buffer> {
  const isOpen = format === FORMATS[0];
  const pieces: Buffer[] = [];
  let text = '';
  for (const family of families.filter(({ series }) => series.length > 0)) {
    const { name, help, type, labels, bounds } = family;
    const sample = type === 'counter' ? `${name}_total` : name;
    // Under OpenMetrics the family of a counter is called otherwise than its samples.
    const of = isOpen ? name : sample;
    const buckets = bounds && [...bounds.map((bound) => bucket(bound, isOpen)), '+Inf'];
    text += `# HELP ${of} ${escaped(help)}\n# TYPE ${of} ${type}\n`;
    for (const [values, numbers] of family.series) {
      if (work.tick(numbers.length)) yield;
      const told = labels.map((label, at) => `${label}="${escaped(values[at]!).replaceAll('"', '\\"')}"`).join(',');
      text += buckets ? writeHistogram(name, told, buckets, numbers) : `${sample}${inBraces(told)} ${numbers[0]}\n`;
      if (text.length < PIECE) continue;
      pieces.push(Buffer.from(text));
      text = '';
    }
  }
  pieces.push(Buffer.from(text + (isOpen ? '# EOF\n' : '')));
  return Buffer.concat(pieces);
}

function writeHistogram(name: string, told: string, buckets: readonly string[], numbers: Series[1]): string {
  const first = told === '' ? '' : `${told},`;
  const lines = buckets.map((le, at) => `${name}_bucket{${first}le="${le}"} ${numbers[at]}\n`).join('');
  const braced = inBraces(told);
  return `${lines}${name}_sum${braced} ${numbers[buckets.length]}\n${name}_count${braced} ${numbers[buckets.length - 1]}\n`;
}

function inBraces(told: string): string {
  return told === '' ? '' : `{${told}}`;
}

/** OpenMetrics would have bounds written as floating-point numbers (its section on canonical numbers). */
function bucket(bound: number, isOpen: boolean): string {
  return isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
