import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Service, type ServiceOptions, startService, until } from '../service.ts';
import { startBrowser } from './start-browser.ts';

/** What a store says that wants to be more than text. */
export const HOSTILE = `"><img src=x onerror="globalThis.wasRun = true"><script>globalThis.wasRun = true</script>`;

/** The saved batches that the playground shows. */
const batches = {
  product: {
    pattern: 'kv',
    description: 'A product by its number.',
    params: {
      sku: { type: 'string', default: 'B-101', description: 'The number of a product.' },
      fields: { type: 'integer', required: false, enum: [1, 2] },
    },
    queries: {
      product: {
        source: 'shop',
        op: 'findOne',
        params: { collection: 'products', filter: { sku: { $param: '/sku' } } },
      },
    },
  },
  echo: {
    pattern: 'kv',
    params: {
      text: { type: 'string' },
      whole: { type: 'integer' },
      part: { type: 'number' },
      yes: { type: 'boolean' },
      one: { type: 'string', enum: ['a', 'b'] },
      many: { type: ['integer'] },
    },
    queries: {
      it: {
        source: 'catalog',
        op: 'get',
        params: { path: '/echo', query: { text: { $param: '/text' }, whole: { $param: '/whole' } } },
        select: {
          part: { $param: '/part' },
          yes: { $param: '/yes' },
          one: { $param: '/one' },
          many: { $param: '/many' },
        },
      },
    },
  },
};

/** A page of the playground, before a service that may be cut off and that lies below a path. */
export interface Playing {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page said in its console, and what it asked for elsewhere. */
  readonly complaints: string[];
  readonly elsewhere: string[];
  close(): Promise<void>;
}

/** What the tests of a file have in common: a browser, and a service behind a proxy. */
export function playing(options: ServiceOptions = {}) {
  let browser: Browser;
  let service: Service;
  let proxy: Proxy;
  beforeAll(async () => {
    service = await startService({ batches, ...options, server: { playground: true, ...options.server } });
    proxy = await startProxy(service.url);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await proxy.close();
    await service.close();
  });

  async function open(path = '', options: BrowserContextOptions = {}): Promise<Playing> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(8000);
    const page = await context.newPage();
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        complaints.push(message.text());
    });
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(proxy.url)) elsewhere.push(request.url());
    });
    await page.goto(proxy.url + path);
    return { page, context, complaints, elsewhere, close: () => context.close() };
  }
  return {
    open,
    get proxy() {
      return proxy;
    },
    get service() {
      return service;
    },
  };
}

/** A proxy below whose path a service lies. */
export interface Proxy {
  readonly url: string;
  /** Breaks all connections, and takes none until `back`. */
  cut(): void;
  back(): void;
  close(): Promise<void>;
}

async function startProxy(target: string): Promise<Proxy> {
  let isCut = false;
  const server: Server = createServer((message: IncomingMessage, response: ServerResponse) => {
    const { method, headers, url = '' } = message;
    const forwarded = request(target + url.replace(/^\/below/, ''), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    message.pipe(forwarded);
  });
  server.on('connection', (socket) => isCut && socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/`,
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    back() {
      isCut = false;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Puts another batch into the editor, as a link would. */
export async function edit(page: Page, pattern: string, batch: object | string): Promise<void> {
  const text = typeof batch === 'string' ? batch : JSON.stringify(batch, null, 2);
  const fragment = `#${pattern}=${Buffer.from(text).toString('base64url')}`;
  await page.evaluate((fragment) => (location.hash = fragment), fragment);
  await page.waitForFunction(
    (text) =>
      [...document.querySelectorAll('.cm-line')]
        .map((line) => line.textContent)
        .join('\n')
        .startsWith(text),
    text.slice(0, 400),
  );
}

/** Chooses from a menu. */
export async function choose(page: Page, menu: 'Open a batch' | 'Download', name: RegExp): Promise<void> {
  await page.getByRole('button', { name: menu, exact: true }).click();
  await page.getByRole('menuitem', { name }).click();
}

/** Runs what is in the editor, and waits until it is over. */
export async function run(page: Page): Promise<void> {
  await page.keyboard.press('Control+Enter');
  await page.locator('.answer .summary', { hasText: /complete|cut|refused|stopped|reached/i }).waitFor();
}

/** Lets the page copy, and reads what it copied last. */
export async function copied(playing: Playing, label: string): Promise<string> {
  await playing.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const read = (): Promise<string> => playing.page.evaluate(() => navigator.clipboard.readText());
  await playing.page.evaluate(() => navigator.clipboard.writeText(''));
  await playing.page.getByRole('button', { name: label, exact: true }).click();
  await until(async () => (await read()) !== '', 'something was copied');
  return read();
}

/** Watches the page's tasks; the function it resolves to tells how long the longest since then was, in ms. */
export async function watchTasks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      entryTypes: ['longtask'],
    });
  });
  return () => page.evaluate(() => Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks));
}

/** What axe finds to be wrong with a page. */
export async function violations(page: Page): Promise<string[]> {
  const source = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      id: string;
      nodes: { html: string; failureSummary?: string }[];
    }
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

/** Fails if the page complained, or asked anybody else. */
export function expectQuiet({ complaints, elsewhere }: Playing): void {
  expect(complaints).toEqual([]);
  expect(elsewhere).toEqual([]);
}
