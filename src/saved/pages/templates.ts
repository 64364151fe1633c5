import { type Liquid, LiquidError, type Template as Node } from 'liquidjs';
import { CodapError } from '../../errors.ts';
import type { Bounds, Output } from './bounds.ts';
import { checkNodes, type Found } from './check-nodes.ts';
import { circlesIn } from './circles.ts';
import { engine } from './engine.ts';
import { Lookups } from './lookups.ts';
import { parseOn } from './parse-on.ts';
import { type Fault, faultOf, linesOf, type Place, placed } from './placed.ts';
import { type Names, unknownNames } from './unknown-names.ts';
import { FileFault, readTemplateFile } from './template-file.ts';

/** Why a template cannot be used: a line for each fault, with file, line and column; it quotes names only. */
export class TemplateError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'TemplateError';
    this.faults = faults;
  }
}

/** A file that was read: a fault where it could not be. */
interface Read extends Found {
  readonly fault?: string;
}

const NOTHING: Found = { includes: [], faults: [], mayStop: false, named: [], gives: [] };

/** The templates of one configuration: files below its folder, each read and parsed once. */
export class Templates {
  readonly #folder: string;
  readonly #read = new Map<string, Promise<Read>>();
  readonly #parsed = new Map<string, Node[]>();
  /** What was found in the files of all templates that can be used. */
  readonly #found = new Map<string, Found>();
  readonly #liquid = engine((name) => this.#parsed.get(name));

  /** `folder` is a path. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * A template with all that it includes; `file` is its path from the folder on. Throws TemplateError with
   * every fault.
   */
  async parse(file: string): Promise<Template> {
    const faults = new Map<string, Fault[]>();
    const found = new Map<string, Found>();
    // Where each file was named first; those that a file includes are looked at after it.
    const places = new Map<string, { in: string; at: Place } | undefined>([[file, undefined]]);
    for (const [name, place] of places) {
      const reading = this.#read.get(name) ?? this.#open(name);
      this.#read.set(name, reading);
      const read = await reading;
      found.set(name, read);
      faults.set(name, [...read.faults]);
      if (read.fault !== undefined) {
        if (!place) throw new TemplateError([read.fault]);
        faults.get(place.in)!.push({ at: place.at, detail: `${JSON.stringify(name)}: ${read.fault}` });
      }
      for (const include of read.includes)
        if (!places.has(include.name)) places.set(include.name, { in: name, at: include.at });
    }
    for (const { files, at } of circlesIn(found)) {
      const names = files.map((name) => JSON.stringify(name)).join(', ');
      faults.get(files.at(-2)!)!.push({ at, detail: `this never ends, for it takes in what it is in: ${names}` });
    }
    const lines = Array.from(faults, ([name, found]) => linesOf(found, name)).flat();
    if (lines.length > 0) throw new TemplateError(lines);
    for (const [name, read] of found) this.#found.set(name, read);
    return new Template([file, ...[...found.keys()].slice(1)], this.#parsed.get(file) as Node[], this.#liquid);
  }

  /**
   * What nothing gives of all that these templates name, each with the names that it is given: a line for
   * each, by its file.
   */
  warnings(given: Iterable<readonly [string, Names]>): ReadonlyMap<string, readonly string[]> {
    const unknown = unknownNames(this.#found, given);
    return new Map(Array.from(unknown, ([file, faults]) => [file, linesOf(faults, file)]));
  }

  async #open(name: string): Promise<Read> {
    try {
      const text = await readTemplateFile(this.#folder, name);
      const { nodes, faults } = parseOn(text, name, this.#liquid);
      this.#parsed.set(name, nodes);
      const found = checkNodes(nodes, this.#liquid);
      return { ...found, faults: [...faults, ...found.faults] };
    } catch (error) {
      const isFile = error instanceof FileFault;
      return {
        ...NOTHING,
        faults: isFile ? [] : [faultOf(error)],
        ...(isFile && { fault: error.message }),
      };
    }
  }
}

/** A template that can be rendered, again and again, at the same time too. */
export class Template {
  /** Its path from the folder of the configuration on. */
  readonly file: string;
  /** The paths of all files that it is made of. */
  readonly files: readonly string[];
  readonly #nodes: Node[];
  readonly #liquid: Liquid;

  /** `Templates.parse` makes them. */
  constructor(files: readonly [string, ...string[]], nodes: Node[], liquid: Liquid) {
    [this.file] = files;
    this.files = files;
    this.#nodes = nodes;
    this.#liquid = liquid;
  }

  /**
   * Renders it into `output`, driven by `stepping`. Throws an Error that names the place, for the log alone;
   * CANCELLED and OVERLOADED as they are.
   */
  *rendering(named: object, output: Output, bounds: Bounds): Generator<unknown, void> {
    const limits = { memoryLimit: bounds, renderLimit: bounds, liquid: this.#liquid };
    const context = new Lookups(
      named,
      this.#liquid.options,
      { sync: true },
      limits as unknown as ConstructorParameters<typeof Lookups>[3],
    );
    try {
      yield this.#liquid.renderer.renderTemplates(this.#nodes, context, output);
    } catch (error) {
      throw failure(error, this.file);
    }
  }
}

function failure(error: unknown, file: string): Error {
  const cause = causeOf(error);
  const isOfTemplate = !(cause instanceof CodapError && ['CANCELLED', 'OVERLOADED'].includes(cause.code));
  return isOfTemplate ? new Error(placed(error, file), { cause }) : cause;
}

/** What LiquidJS has wrapped, whose own errors hold lines of the template. */
function causeOf(error: unknown): unknown {
  return LiquidError.is(error) ? causeOf(error.originalError) : error;
}
