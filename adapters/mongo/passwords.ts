/** The password in a connection string, as it stands there and as it reads. */
export function passwords(url: string): readonly string[] {
  const [, password] = /^[^/]*\/\/[^/@:]*:([^/]*)@/.exec(url) ?? [];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
