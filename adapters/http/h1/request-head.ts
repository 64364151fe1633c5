import { errors } from 'undici';

/** What may be asked for (undici's rule): a path and a query, without white space or controls. */
const TARGET = /^\/[\x21-\xff]*$/;
/** A field as RFC 9110 §5 has it. Beyond Latin-1, a character would be cut to an octet: to CR, it may be. */
const FIELD = /^[!#$%&'*+.^_`|~\w-]+: [\t\x20-\x7e\x80-\xff]*$/;

/** What follows the target of the request before: many requests of a source have the same. */
let last = { method: '', host: '', fields: [] as readonly string[], lines: '' };

/**
 * The head of a request, in Latin-1, up to the empty line. `fields` are name, value, name, value. Throws what
 * would end a line, and with it say what nobody meant to.
 */
export function requestHead(
  method: string,
  target: string,
  host: string,
  fields: readonly string[],
  length: number | undefined,
): string {
  if (!TARGET.test(target)) throw new errors.InvalidArgumentError('invalid request path');
  if (last.fields !== fields || last.method !== method || last.host !== host)
    last = { method, host, fields, lines: linesOf(method, host, fields) };
  const head = `${method} ${target}${last.lines}`;
  return length === undefined ? `${head}\r\n` : `${head}content-length: ${length}\r\n\r\n`;
}

function linesOf(method: string, host: string, fields: readonly string[]): string {
  // Some stores answer HEAD with a body, which would be taken for the next answer.
  const option = method === 'HEAD' ? 'close' : 'keep-alive';
  let lines = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: ${option}\r\n`;
  for (let at = 0; at < fields.length; at += 2) {
    const field = `${fields[at]}: ${fields[at + 1]}`;
    if (!FIELD.test(field)) throw new errors.InvalidArgumentError('invalid header');
    lines += `${field}\r\n`;
  }
  return lines;
}
