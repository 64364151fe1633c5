/**
 * The number that a text is, where that is written back as the same text. Else the text itself: it may be
 * half of a number, `1.`, and no digit of what is too long for a number is lost; the service says what is
 * wrong with it.
 */
export function readNumber(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}
