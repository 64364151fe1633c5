/** How often a field of a request, its name in lower case, was sent: Node keeps the first of some. */
export function timesSent(rawHeaders: readonly string[], field: string): number {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === field.length && name.toLowerCase() === field) times += 1;
  }
  return times;
}
