import { PRODUCTS } from './data.ts';
import { invoices } from './invoice.ts';
import { jpeg, png, svg } from './pictures.ts';
import type { S3Server } from './s3/server.ts';

const lastModified = new Date('2026-03-01T09:30:00Z');
const MONTHS = ['2025-10', '2025-11', '2025-12', '2026-01', '2026-02', '2026-03'];

/**
 * Fills the buckets `photos` (pictures below `public/`, and a secret that no source reaches) and `files`
 * (invoices, reports and large films, worth zipping).
 */
export function putSampleObjects(s3: Pick<S3Server, 'putObject' | 'putSynthetic'>): void {
  const put = (bucket: string, key: string, body: Uint8Array | string, contentType: string) =>
    s3.putObject(bucket, key, body, { contentType, lastModified });
  for (const { sku, title, colour } of PRODUCTS) {
    put('photos', `public/${sku}.jpg`, jpeg(colour), 'image/jpeg');
    put('photos', `public/covers/${sku}.svg`, svg(title, colour), 'image/svg+xml');
    put('photos', `public/thumbs/${sku}.png`, png(32, colour), 'image/png');
  }
  const skus = JSON.stringify({ skus: PRODUCTS.map(({ sku }) => sku), serial: 'n' }).replace('"n"', '9007199254740993');
  put('photos', 'public/index.json', skus, 'application/json');
  put('photos', 'public/welcome.txt', 'Welcome to the shop. Grüße!\n', 'text/plain; charset=utf-8');
  put('photos', 'private/payroll.txt', 'No one may read this.\n', 'text/plain');
  for (const [at, month] of MONTHS.entries()) {
    const rows = PRODUCTS.map(({ sku }, row) => `${month},${sku},${(at * 7 + row * 3) % 20}`);
    put('files', `reports/${month}.csv`, `month,sku,sold\n${rows.join('\n')}\n`, 'text/csv');
  }
  for (const { number, pdf, at } of invoices())
    s3.putObject('files', `invoices/${number}.pdf`, pdf, { contentType: 'application/pdf', lastModified: at });
  for (const number of [1, 2, 3]) {
    s3.putSynthetic('files', `films/reading-${number}.bin`, number * 20_000_000, { lastModified });
  }
}
