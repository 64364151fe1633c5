import { mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startService } from '../service.ts';
import { startBrowser } from './start-browser.ts';

/** Makes the picture of docs/playground.md and of README.md: `npm run docs:pictures`. */
const folder = new URL('../../docs/pictures/', import.meta.url);
const example = await readFile(new URL('../../examples/traced.kv.json', import.meta.url));

await mkdir(folder, { recursive: true });
const service = await startService({ server: { playground: true } });
const browser = await startBrowser();
const page = await browser.newPage({
  viewport: { width: 1280, height: 740 },
  deviceScaleFactor: 1.5,
  colorScheme: 'light',
});
await page.goto(`${service.url}/#kv=${example.toString('base64url')}`);
const rows = page.getByRole('tree', { name: 'Queries' });
await rows.getByRole('treeitem').nth(3).waitFor();
// The first run opens connections; the second is what one sees from then on.
for (let run = 0; run < 2; run++) {
  await page.keyboard.press('Control+Enter');
  await page.locator('.answer .summary', { hasText: 'Incomplete' }).waitFor();
}
await page.getByText('What the shapes mean').click();
await rows.getByRole('treeitem', { name: /^stock/ }).hover();
await page.screenshot({ path: fileURLToPath(new URL('playground.png', folder)), animations: 'disabled' });
await browser.close();
await service.close();
