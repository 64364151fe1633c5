import type { FastifyInstance } from 'fastify';
import { perGrantOfLate } from '../src/callers/granted.ts';
import { PAGE } from '../src/encodings/media-types.ts';
import type { SavedBatch } from '../src/saved/saved-batch.ts';
import type { Service } from '../src/service/batches/service.ts';
import { version } from '../src/version.ts';

/** Nothing is loaded, no script runs. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE = `
  :root { color-scheme: light dark; --ink: light-dark(#1d2733, #e8ecf1); --quiet: light-dark(#5b6775, #9fabb8);
    --paper: light-dark(#fbfaf8, #14191f); --card: light-dark(#ffffff, #1d242c); --line: light-dark(#e4e0da, #323b46);
    --accent: light-dark(#0b6e69, #5cc8c0); }
  * { box-sizing: border-box; }
  body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
    font: 1rem/1.55 system-ui, sans-serif; }
  h1 { font: 600 2rem/1.2 Georgia, serif; margin: 0; }
  h2 { font: 600 1.2rem/1.3 Georgia, serif; margin: 2.25rem 0 .75rem; }
  a { color: var(--accent); text-underline-offset: .15em; }
  p { margin: .25rem 0; }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
  li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; }
  .quiet { color: var(--quiet); font-size: .9rem; }
  code { font: .9em ui-monospace, monospace; }`;

/** `GET /`: what there is to look at with a browser; of saved batches those that who asks may run. */
export function startRoute(app: FastifyInstance, savedFor: Service['savedFor']): void {
  const pageFor = perGrantOfLate((caller) => pageOf([...savedFor(caller).values()]));
  app.get('/', { config: { isOpen: true } }, ({ caller }, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(pageFor(caller)),
  );
}

function pageOf(saved: readonly SavedBatch[]): string {
  const pages = saved.filter((batch) => isAnsweredIn(batch, PAGE.extension));
  const others = saved.filter((batch) => !pages.includes(batch));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>codap</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>codap</h1>
<p>One batch of queries in, one answer out. <span class="quiet">Version ${version()}</span></p>
<p><a href="docs">The interface, to read and to try</a> · <a href="batches">Saved batches</a> ·
  <a href="sources">Sources</a> · <a href="limits">Limits</a> · <a href="health/ready">Health</a></p>
${section('Pages', pages)}${section('Saved batches', others)}</html>
`;
}

function section(title: string, saved: readonly SavedBatch[]): string {
  if (saved.length === 0) return '';
  return `<h2>${title}</h2>\n<ul>\n${saved.map(item).join('')}</ul>\n`;
}

/** A batch that needs a parameter cannot be had by a link. */
function item(batch: SavedBatch): string {
  const { name, description = '', params } = batch;
  const address = `batches/${name}`;
  const links = batch.encodings
    .filter(({ extension }) => ['json', 'zip', 'csv'].includes(extension))
    .map(({ extension }) => `<a href="${address}.${extension}">${extension}</a>`);
  const asked = [...params.keys()].map((param) => `<code>${param}</code>`);
  return `<li>
  <p>${params.areOptional ? `<a href="${address}">${name}</a>` : `<code>${address}</code>`}</p>
  <p>${escaped(description)}</p>
  <p class="quiet">${[...(params.areOptional ? links : []), ...(asked.length ? [`takes ${asked.join(', ')}`] : [])].join(' · ')}</p>
</li>
`;
}

function isAnsweredIn({ encodings }: SavedBatch, ending: string): boolean {
  return encodings.some(({ extension }) => extension === ending);
}

/** Text in HTML (WHATWG HTML §13.3). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
