/** Whether a text has more characters (code points, as JSON Schema counts them) than so many. */
export function isLongerThan(text: string, most: number): boolean {
  if (text.length <= most) return false;
  return text.length > 2 * most || Array.from(text).length > most;
}
