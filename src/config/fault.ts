/**
 * What is wrong with a configuration: where (`sources.shop.collections`) and what is allowed there. It
 * repeats no value.
 */
export interface ConfigFault {
  readonly path: string;
  readonly detail: string;
}

/** A configuration that cannot be used; its message has one fault a line. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(faults.map(({ path, detail }) => `${path}: ${detail}`).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** A place in a configuration as faults name it; the whole of it is `configuration`. */
export function toPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'configuration' : path.map(String).join('.');
}
