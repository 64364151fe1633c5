/** A request as it can be written down. */
export interface Written {
  /** The whole address. */
  readonly url: string;
  /** The JSON text of the body. */
  readonly body: string;
}

/** The request as a command line for a POSIX shell. The key is read from a variable, never written out. */
export function asCurl({ url, body }: Written, hasKey: boolean): string {
  const parts = [`curl -s ${quoted(url)}`, `-H 'content-type: application/json'`];
  if (hasKey) parts.push('-H "authorization: Bearer $CODAP_KEY"');
  parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/** A text in single quotes, in which a shell reads nothing. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
