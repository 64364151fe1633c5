import { digitsOf } from '../json/as-written.ts';

/**
 * What a text in the field of a parameter says. Where that is not of the parameter's type, it is the text
 * itself: it may be half of what is typed, `1.` or `tru`, and the service says what is wrong with it.
 */
export function readScalar(type: string | undefined, text: string): unknown {
  if (type === 'number' || type === 'integer') return digitsOf(text) ?? text;
  if (type === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}
