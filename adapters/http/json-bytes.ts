import type { JsonCheck } from '../../src/json/json-check.ts';
import { parsedBytes, readJson } from '../../src/json/read-json.ts';
import { atOnce, type Steps, Work } from '../../src/budget/work.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import { ownBytes } from '../../src/store/keep.ts';
import { Opened, openedBy } from '../../src/store/opened.ts';
import { bytesBeside, type Kept, type Meta, type Stored, type Value } from '../../src/store/payload.ts';

/** Members up to which a text is read at once. */
const FEW = 10_000;

/** What checking a text found out. */
type Checked = Pick<JsonCheck, 'members' | 'isPlain'>;

/** JSON passed on as the bytes it came as, read as text, and opened, only if someone looks inside. */
export class JsonBytes implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer;
  readonly meta?: Meta;
  declare readonly stored?: Stored;
  readonly freshness: Freshness | undefined;
  readonly #checked: Checked;
  #json: string | undefined;
  #opened: Opened | undefined;

  constructor(bytes: Buffer, checked: Checked, meta: Meta | undefined, freshness?: Freshness, stored?: Stored) {
    this.bytes = bytes;
    this.#checked = checked;
    if (meta) this.meta = meta;
    this.freshness = freshness;
    if (stored) this.stored = stored;
  }

  get json(): string {
    return (this.#json ??= this.bytes.toString());
  }

  get members(): number {
    return this.#checked.members;
  }

  get value(): unknown {
    return this.#opened ? this.#opened.value : atOnce(this.read(new Work(Infinity)));
  }

  *read(work: Work): Steps<unknown> {
    if (this.#opened) return this.#opened.for(work);
    const { members, isPlain } = this.#checked;
    if (!isPlain || members > FEW) return yield* this.#inTurns(work);
    const { length } = this.bytes;
    if (work.tick(members + (length >> 6))) yield;
    if (this.#opened) return (this.#opened as Opened).for(work);
    // The text is kept, too.
    const bytes = length + parsedBytes(members, length);
    work.opens(bytes);
    this.#opened = new Opened(JSON.parse(this.json), bytes, work);
    return this.#opened.value;
  }

  keep(): Kept {
    const { members, isPlain } = this.#checked;
    return new KeptJson(ownBytes(this.bytes), { members, isPlain }, this.stored);
  }

  *#inTurns(work: Work): Steps<unknown> {
    const tally = { bytes: 0 };
    this.#opened = yield* openedBy(readJson(this.json, work, tally), tally, work, () => this.#opened);
    return this.#opened.for(work);
  }
}

/** JSON that is kept: its bytes alone, and those of the body where they are others. */
export class KeptJson implements Kept {
  readonly #bytes: Buffer;
  readonly #checked: Checked;
  readonly #stored: Stored | undefined;

  constructor(bytes: Buffer, checked: Checked, stored: Stored | undefined) {
    this.#bytes = bytes;
    this.#checked = checked;
    this.#stored = typeof stored === 'object' ? ownBytes(stored) : stored;
  }

  get bytes(): number {
    return this.#bytes.length + bytesBeside(this.#stored);
  }

  value(meta: Meta | undefined): Value {
    return new JsonBytes(this.#bytes, this.#checked, meta, undefined, this.#stored);
  }
}
