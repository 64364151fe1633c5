import { parseArgs, type ParseArgsConfig } from 'node:util';
import { StartFault, UsageFault } from './cli/start-fault.ts';
import { HELP } from './cli/help.ts';
import { version } from './version.ts';
import { putEventLoopFirst } from './cli/v8-threads.ts';
import { defaultFile, type ListenFlags, toListenFlags } from './cli/settings.ts';
import { ConfigError } from './config/fault.ts';
import { endOnSignal } from './service/ending.ts';

/** These go on when nothing that they print can be written. */
const SERVING: ReadonlySet<unknown> = new Set(['serve', 'demo', 'start']);
const listening = { host: { type: 'string' }, port: { type: 'string' } } as const;

/**
 * Reads the command line, runs what it says, and sets the exit status. What serves goes on after this has
 * resolved.
 */
async function main([command, ...args]: readonly string[]): Promise<void> {
  const asksHelp = command === 'help' || [command, ...args].some((word) => word === '--help' || word === '-h');
  if (asksHelp || !SERVING.has(command)) failUnprinted();
  if (command === '--version') return console.log(version());
  if (asksHelp) return console.log(HELP);
  const env = process.env;
  if (command === 'serve') {
    const { values, positionals } = read(args, listening, 1);
    return serve(positionals[0], toListenFlags(values));
  }
  if (command === 'demo') {
    const { values } = read(args, { ...listening, callers: { type: 'boolean' } }, 0);
    return demo(toListenFlags(values), values.callers);
  }
  if (command === 'start') {
    const flags = toListenFlags(read(args, listening, 0).values);
    return defaultFile(env) === undefined ? demo(flags) : serve(undefined, flags);
  }
  if (command === 'check') {
    const { values, positionals } = read(args, { ping: { type: 'boolean' } }, 1);
    if (positionals[0] === undefined) throw new UsageFault('check needs a file');
    const { check } = await import('./cli/check.ts');
    process.exitCode = await check(positionals[0], values.ping ?? false, env);
    return;
  }
  if (command === 'key') {
    const { positionals } = read(args, {}, 1);
    const { printKey } = await import('./cli/print-key.ts');
    return printKey(positionals[0]);
  }
  if (command === 'schema') {
    read(args, {}, 0);
    const { printSchema } = await import('./cli/print-schema.ts');
    return printSchema();
  }
  throw new UsageFault(command === undefined ? 'say what to do' : `there is no command ${JSON.stringify(command)}`);
}

/** Ends the process once something that it prints cannot be written, but for a reader that wants no more. */
function failUnprinted(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    console.error(`codap: cannot write its output: ${code}`);
    process.exit(1);
  });
}

/**
 * The first process of a container gets no signal that it does not ask for: so it asks before all that takes
 * time.
 */
async function serve(file: string | undefined, flags: ListenFlags): Promise<void> {
  const ending = endOnSignal();
  putEventLoopFirst();
  const { serve } = await import('./cli/serve.ts');
  return serve(ending, file, flags, process.env);
}

async function demo(flags: ListenFlags, callers = false): Promise<void> {
  const ending = endOnSignal();
  putEventLoopFirst();
  const { demo } = await import('./cli/demo.ts');
  return demo(ending, { ...flags, callers }, process.env);
}

function read<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  files: number,
) {
  const config = { args: [...args], options, allowPositionals: true } as const;
  for (const token of parseArgs({ ...config, strict: false, tokens: true }).tokens) {
    if (token.kind !== 'option') continue;
    const type = Object.hasOwn(options, token.name) ? options[token.name]?.type : undefined;
    const { rawName, value, inlineValue } = token;
    const names = Object.keys(options).map((name) => `--${name}`);
    if (!type) throw new UsageFault(`${rawName} is not known; allowed here: ${names.join(', ') || 'none'}`);
    const given = value !== undefined && (inlineValue || !value.startsWith('-'));
    if (type === 'string' && !given) throw new UsageFault(`${rawName} needs a value`);
    if (type === 'boolean' && value !== undefined) throw new UsageFault(`${rawName} takes no value`);
  }
  const parsed = parseArgs(config);
  if (parsed.positionals.length > files)
    throw new UsageFault(`${JSON.stringify(parsed.positionals[files])} is one word too many`);
  if (parsed.positionals.includes('')) throw new UsageFault('an empty word names nothing');
  return parsed;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageFault) {
    console.error(`codap: ${error.message}\nTry: codap --help`);
    process.exit(2);
  }
  const expected = error instanceof StartFault || error instanceof ConfigError;
  console.error(expected ? error.message.replaceAll(/^/gm, 'codap: ') : error);
  process.exit(1);
}
