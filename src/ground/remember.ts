/** How many texts are remembered, and up to how many characters each. */
const MOST = 256;
const LONGEST = 1024;

/**
 * The same function, which works out what it makes of a text once for each of the last few texts: headers
 * say the same again and again. What it makes is shared, and never changed.
 */
export function remembering<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    if (text.length > LONGEST) return make(text);
    if (made.has(text)) return made.get(text) as T;
    const one = make(text);
    if (made.size >= MOST) made.clear();
    made.set(text, one);
    return one;
  };
}
