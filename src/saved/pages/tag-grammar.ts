import type { TagReader } from './tag-reader.ts';

/** What stands behind the names of tags; behind others, nothing does. */
const GRAMMAR: ReadonlyMap<string, (reader: TagReader) => void> = new Map(
  Object.entries({
    assign(reader) {
      reader.name();
      reader.mark('=');
      reader.filtered();
    },
    block(reader) {
      // LiquidJS takes the first letters, digits and _ for the whole name.
      if (/^(?:(["']?)\w+\1)?$/.test(reader.remaining())) reader.p = reader.N;
      else reader.expected('a name of letters, digits and _, or none');
    },
    capture(reader) {
      if (!reader.quoted()) reader.name();
    },
    case: filtered,
    comment: anything,
    cycle(reader) {
      const begin = reader.p;
      reader.value();
      if (!reader.passes(':')) reader.p = begin;
      do reader.filtered(true);
      while (reader.passes(','));
    },
    decrement: name,
    echo(reader) {
      if (!reader.isAtEnd()) reader.filtered();
    },
    elsif: filtered,
    for(reader) {
      loop(reader);
      reader.named(['reversed', 'limit', 'offset'], 'reversed');
    },
    if: filtered,
    include(reader) {
      reader.value();
      reader.binds('with');
      reader.named();
    },
    increment: name,
    layout(reader) {
      reader.value();
      reader.named();
    },
    liquid: anything,
    render(reader) {
      reader.value();
      // LiquidJS would give what is handed in, or gone through, no name.
      if (reader.binds('with') || reader.binds('for')) {
        reader.mark('as');
        reader.name();
      }
      reader.named();
    },
    tablerow(reader) {
      loop(reader);
      reader.named(['cols', 'limit', 'offset']);
    },
    unless: filtered,
    when(reader) {
      do reader.value();
      while (reader.passes(',') || reader.passes('or'));
      if (!reader.isAtEnd()) reader.expected('"," or "or" before another value');
    },
    '#': anything,
  }),
);

function anything(reader: TagReader): void {
  reader.p = reader.N;
}

function filtered(reader: TagReader): void {
  reader.filtered();
}

function name(reader: TagReader): void {
  reader.name();
}

function loop(reader: TagReader): void {
  reader.name();
  reader.mark('in');
  reader.value();
}

/** Reads what stands behind the name of a tag that there is, to its end. Throws Misread. */
export function readTag(tag: string, reader: TagReader): void {
  GRAMMAR.get(tag)?.(reader);
  if (!reader.isAtEnd()) reader.expected(`nothing behind ${tag}`);
}
