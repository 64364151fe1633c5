/** One line of a Dockerfile, continuations joined. */
export interface Instruction {
  /** In capitals. */
  readonly word: string;
  /** `--from=build` is `from` → `build`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, as it is written. */
  readonly text: string;
  /** The same by words; of the JSON form, its strings. */
  readonly words: readonly string[];
}

/** What stands from one FROM to the next. */
export interface Stage {
  readonly name: string | undefined;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

/** Takes a Dockerfile apart, as far as this project's goes: no heredocs, no ARG, no quoted ENV. */
export function parseDockerfile(source: string): Stage[] {
  const lines = source
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const instruction = parseLine(line);
    const { word, words } = instruction;
    if (word === 'FROM') stages.push({ image: words[0] ?? '', name: words[2], instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function parseLine(line: string): Instruction {
  const [, word = '', written = '', text = ''] = /^(\S+)((?:\s+--[\w-]+=\S+)*)\s+(.*)$/.exec(line) ?? [];
  const flags = Object.fromEntries(written.matchAll(/--([\w-]+)=(\S+)/g).map(([, name, value]) => [name, value]));
  return { word: word.toUpperCase(), flags, text, words: toWords(text) };
}

function toWords(text: string): string[] {
  if (text.startsWith('[')) return JSON.parse(text) as string[];
  // A command in JSON form may stand behind another word: HEALTHCHECK CMD ["node"].
  const [, first, list] = /^(\w+) (\[.*\])$/.exec(text) ?? [];
  if (first !== undefined && list !== undefined) return [first, ...(JSON.parse(list) as string[])];
  return text.split(/\s+/);
}

/** The variables that a stage sets. */
export function environmentOf({ instructions }: Stage): Record<string, string> {
  const pairs = instructions.filter(({ word }) => word === 'ENV').flatMap(({ words }) => words);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The words of a stage's only instruction of that kind; an error if there are none or several. */
export function only({ instructions }: Stage, word: string): readonly string[] {
  const found = instructions.filter((instruction) => instruction.word === word);
  if (found.length !== 1) throw new Error(`${found.length} ${word} instructions where one is wanted`);
  return found[0]!.words;
}
