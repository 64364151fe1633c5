const DOT_SEGMENT = /(?:^|[\\/])\.{1,2}(?:[\\/]|$)/;

/** True if a path has `.` or `..` between slashes or backslashes, as it stands or after decoding its percent-escapes once or twice. */
export function climbs(path: string): boolean {
  const once = unescaped(path);
  return [path, once, unescaped(once)].some((text) => DOT_SEGMENT.test(text));
}

/** Unlike `decodeURIComponent`, never gives up: one broken escape must not hide the others. */
function unescaped(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
