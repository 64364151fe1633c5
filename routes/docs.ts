import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { onceLoaded } from '../src/ground/once-loaded.ts';

/** Everything comes from here; the page's icons are in its style sheet. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>codap</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/top.css">
<header><h1>codap</h1><nav><a href=".">Playground</a></nav></header>
<noscript><p>The interface is shown by JavaScript. Without it there is <a href="openapi.json">its description in
  OpenAPI</a>. Where a key is needed the link answers 401: ask with <code>Authorization: Bearer</code>.</p></noscript>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`;

/** In one style with the page at `/`. Of servers there is one: it is no choice, and its field has no name. */
const TOP = `html { color-scheme: light dark; }
body { margin: 0; }
header { display: flex; align-items: baseline; gap: 1rem; padding: 14px 20px; font: 14px/1.5 system-ui, sans-serif;
  background: light-dark(#fbfaf8, #14191f); color: light-dark(#1d2733, #e8ecf1);
  border-bottom: 1px solid light-dark(#e4e0da, #323b46); }
header h1 { margin: 0; font: 600 1.6rem/1.1 Georgia, 'Times New Roman', serif; }
header a, noscript a { color: light-dark(#0b6e69, #5cc8c0); text-underline-offset: .15em; }
noscript { font: 14px/1.5 system-ui, sans-serif; }
noscript p { margin: 14px 20px; }
#docs :is(.schemes-server-container, .scheme-container:not(:has(.auth-wrapper))) { display: none; }\n`;

/** Swagger UI is dark when told. Where callers are told apart it asks for a key, kept in memory alone. */
const START = `const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();
const show = (key) =>
  SwaggerUIBundle({
    url: 'openapi.json', dom_id: '#docs', validatorUrl: null, defaultModelsExpandDepth: 0,
    requestInterceptor(request) {
      if (key) request.headers.authorization ??= 'Bearer ' + key;
      return request;
    },
  });
const ask = (trouble) => {
  const docs = document.querySelector('#docs');
  docs.innerHTML = '<main><form><p><label>Key or token <input type="password" autocomplete="off" required></label> <button>Show</button></p><p role="alert"></p></form></main>';
  docs.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    enter(docs.querySelector('input').value);
  });
  if (!trouble) return;
  docs.querySelector('[role=alert]').textContent = trouble;
  docs.querySelector('input').focus();
};
const enter = async (key) => {
  const isTaken = async () => {
    const headers = key ? { authorization: 'Bearer ' + key } : {};
    return (await fetch('openapi.json', { method: 'HEAD', headers })).status !== 401;
  };
  // A text that cannot stand in a header fails before it is sent.
  if (await isTaken().catch(() => !key)) show(key);
  else ask(key && 'This key was not accepted, or codap cannot be reached.');
};
enter();
`;

const { resolve } = createRequire(import.meta.url);
/** A file of the package, read once: whoever asks gets the same bytes. */
const packaged = (name: string): (() => Promise<Buffer>) =>
  onceLoaded(async () => readFile(resolve(`@fastify/swagger-ui/static/${name}`)));
const written = (text: string) => (): string => text;

const files = new Map([
  ['swagger-ui.css', { type: 'text/css; charset=utf-8', read: packaged('swagger-ui.css') }],
  ['swagger-ui-bundle.js', { type: 'text/javascript; charset=utf-8', read: packaged('swagger-ui-bundle.js') }],
  ['top.css', { type: 'text/css; charset=utf-8', read: written(TOP) }],
  ['start.js', { type: 'text/javascript; charset=utf-8', read: written(START) }],
]);

/**
 * `GET /docs`: the interface to read and to try, by Swagger UI; relative addresses, so that it works below a
 * proxy's path.
 */
export function docsRoute(app: FastifyInstance): void {
  app.get('/docs', { config: { isOpen: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(PAGE),
  );
  for (const [name, { type, read }] of files)
    app.get(`/docs/${name}`, { config: { isOpen: true } }, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'max-age=3600')
        .send(await read()),
    );
}
