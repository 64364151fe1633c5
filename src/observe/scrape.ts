import type { Format } from './exposition.ts';

/** Tells the metrics of a service, of all its processes, in a form. */
export type Scrape = (format: Format) => Promise<Buffer>;

/**
 * The same, where whoever asks while somebody is being told waits for that: many scrapers cost no more than
 * one.
 */
export function sharing(scrape: Scrape): Scrape {
  const underWay = new Map<Format, Promise<Buffer>>();
  return (format) => {
    const known = underWay.get(format);
    if (known) return known;
    const telling = scrape(format).finally(() => underWay.delete(format));
    underWay.set(format, telling);
    return telling;
  };
}
