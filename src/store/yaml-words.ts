/** What is told of a YAML text that cannot be read to its ground. */
export const TOO_DEEP = 'nested too deep';

/** What the YAML parser's error says: behind a colon it quotes the file, where there may be a secret. */
export function yamlWords({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'MULTIPLE_DOCS') return 'one document is allowed in a file';
  return code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : message.replace(/(?<! ): .*$/s, '');
}
