import { resolve } from 'node:path';
import type { ToldFault } from '../json/fault-list.ts';
import { whyUnread } from '../ground/read-file.ts';
import { exactJson } from './exact-json.ts';
import { ConfigError, type ConfigFault } from './fault.ts';
import { folderOf, readUtf8 } from './config-files.ts';
import { readYaml } from './yaml.ts';

/** A saved batch as somebody wrote it, before anybody looks at what it says. */
export interface BatchText {
  readonly name: string;
  /** The file in which it stands, as faults name it. */
  readonly file: string;
  /** JSON in UTF-8, its keys in the order written; without it, `faults` says why. */
  readonly json?: Buffer;
  readonly faults: readonly ConfigFault[];
  /** What JSON has no word for: `null` stands there. */
  readonly unfit?: readonly ToldFault[];
}

/**
 * The saved batches of a configuration, by their names: each written out, or the path of a YAML or JSON file,
 * which starts at the folder of `file`. What cannot be read is told beside what can.
 */
export async function readBatches(written: ReadonlyMap<unknown, unknown>, file: string): Promise<BatchText[]> {
  return Promise.all(
    [...written].map(async ([key, value]) => {
      const name = String(key);
      if (typeof value !== 'string') return batchText(name, file, () => value);
      try {
        const text = await readUtf8(resolve(folderOf(file), value));
        return batchText(name, value, () => readYaml(text, value).exact);
      } catch (error) {
        const detail = `the file ${value} cannot be read (${whyUnread(error)})`;
        return { name, file, faults: [{ path: `${file}: batches.${name}`, detail }] };
      }
    }),
  );
}

/** One batch, of data that is read now. */
export function batchText(name: string, file: string, read: () => unknown): BatchText {
  try {
    const { json, faults: unfit } = exactJson(read());
    return { name, file, json: Buffer.from(json), faults: [], unfit };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map(({ path, detail }) => ({ path: `${path}: batches.${name}`, detail }));
    return { name, file, faults };
  }
}
