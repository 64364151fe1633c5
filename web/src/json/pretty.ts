import { endOf, membersOf } from './ranges.ts';

/** A text that may have been cut. */
export interface Cut {
  readonly text: string;
  readonly isCut: boolean;
}

/** A value of a valid JSON text with line breaks and indentation, of at most so many characters. */
export function pretty(text: string, from: number, most: number): Cut {
  const parts: string[] = [];
  let length = 0;
  /** Whether there is room for more. */
  const put = (part: string): boolean => {
    parts.push(part);
    length += part.length;
    return length <= most;
  };
  const write = (at: number, indent: string): boolean => {
    const [open = ''] = text.slice(at, at + 1);
    if (open !== '{' && open !== '[') return put(text.slice(at, Math.min(endOf(text, at), at + most + 1)));
    const inner = `${indent}  `;
    let isFirst = true;
    if (!put(open)) return false;
    for (const { key, from: value } of membersOf(text, at)) {
      const name = open === '{' ? `${JSON.stringify(key)}: ` : '';
      if (!put(`${isFirst ? '' : ','}\n${inner}${name}`)) return false;
      if (!write(value, inner)) return false;
      isFirst = false;
    }
    return put(`${isFirst ? '' : `\n${indent}`}${open === '{' ? '}' : ']'}`);
  };
  const isWhole = write(from, '');
  return { text: parts.join('').slice(0, most), isCut: !isWhole };
}
