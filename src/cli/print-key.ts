import { hashedKey, makeKey } from '../callers/api-keys.ts';
import { isName } from '../config/name-schema.ts';
import { UsageFault } from './start-fault.ts';

/**
 * `codap key`: makes a key, and prints it and what the `callers` of a configuration say of it: with a name,
 * as a whole caller. It is kept nowhere. Throws UsageFault for what is no name of a caller.
 */
export function printKey(name: string | undefined): void {
  if (name !== undefined && !isName(name))
    throw new UsageFault('a caller has a name of 1 to 64 letters, digits, _ and -, beginning with a letter or digit');
  const made = makeKey();
  const keys = `keys: ["${hashedKey(made)}"]`;
  console.log(made);
  // Quoted, because YAML reads some names as something else.
  console.log(name === undefined ? keys : `${JSON.stringify(name)}: { ${keys} }`);
}
