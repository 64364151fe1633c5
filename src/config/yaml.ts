import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './fault.ts';

/**
 * A YAML text as data; anchors, aliases and `<<` work. Throws ConfigError, whose faults name line and column
 * but repeat no text of the file.
 */
export function readYaml(text: string, file: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, merge: true, prettyErrors: false, uniqueKeys: true });
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    // What follows a colon in the parser's message is quoted from the file, where it may be a secret.
    return { path: `${file}:${line}:${col}`, detail: message.replace(/: .*$/s, '') };
  });
  if (faults.length > 0) throw new ConfigError(faults);
  try {
    return document.toJS();
  } catch {
    throw new ConfigError([{ path: file, detail: 'an alias names no anchor before it, or there are too many' }]);
  }
}
