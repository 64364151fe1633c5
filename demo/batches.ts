import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Config, readBatches } from '../src/config/load.ts';

/** The examples that the demo serves lie beside its sources, and are not compiled with them. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../examples/shop/' : '../../examples/shop/', import.meta.url);

/** The saved batches of the demo: each file of `examples/shop/` is one, of its name. */
export async function demoBatches(): Promise<Pick<Config, 'folder' | 'batches'>> {
  const folder = fileURLToPath(FOLDER);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted();
  const named = new Map(files.map((file) => [file.replace(/\.yaml$/, ''), file]));
  return { folder, batches: await readBatches(named, `${folder}demo`) };
}
