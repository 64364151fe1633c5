/** A fault of an unknown field as a schema tells it, and the names that it lists. */
const UNKNOWN = /^unknown field; allowed here: (.*)$/;

/** Letters by which a slip of the hand may differ from what was meant. */
const MOST_LETTERS = 2;

/** The detail of a fault, of an unknown field with the name that may have been meant. */
export function withMeant(field: string, detail: string): string {
  const [, listed] = UNKNOWN.exec(detail) ?? [];
  if (listed === undefined) return detail;
  const near = listed
    .split(', ')
    .map((name) => ({ name, letters: lettersBetween(field.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, letters }) => letters <= MOST_LETTERS && letters * 2 <= name.length)
    .toSorted((one, other) => one.letters - other.letters);
  return near[0] ? detail.replace(';', ` (did you mean ${near[0].name}?);`) : detail;
}

/** How many letters have to be written, left out or exchanged to make one text of another (Levenshtein). */
function lettersBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to += 1)
      next.push(Math.min(row[to]! + 1, next[to - 1]! + 1, row[to - 1]! + Number(one[at] !== other[to - 1])));
    row = next;
  }
  return row[other.length]!;
}
