const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

// What a letter after a backslash stands for; 0 for none.
const LETTERS = new Uint8Array(256);
for (const [index, letter] of Buffer.from('"\\/bfnrt').entries()) LETTERS[letter] = '"\\/\b\f\n\r\t'.charCodeAt(index);

// The value of a hexadecimal digit; -1 for any other byte.
const HEX = Int8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase()),
);

/** Half a surrogate pair, given as an escape of JSON. */
export const LONE_SURROGATE = -6;

/**
 * How many bytes the escape at `at` takes, a surrogate pair as one: 2, 6 or 12. 0 if it is none of JSON's
 * (RFC 8259 §7), LONE_SURROGATE for half a surrogate pair.
 */
export function escapeLength(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1];
  if (letter !== LOWER_U) return letter !== undefined && LETTERS[letter] !== 0 ? 2 : 0;
  const unit = codeUnit(bytes, at);
  if (unit < 0) return 0;
  if ((unit & 0xf800) !== 0xd800) return 6;
  return isHigh(unit) && isLow(codeUnit(bytes, at + 6)) ? 12 : LONE_SURROGATE;
}

/**
 * The UTF-8 bytes that the inside of a JSON string, from `start` up to `end`, stands for. Its escapes must
 * have been checked.
 */
export function unescape(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const text = Buffer.allocUnsafe(end - start);
  let size = 0;
  for (let at = start; at < end;) {
    const byte = bytes[at] as number;
    if (byte !== BACKSLASH) {
      text[size++] = byte;
      at++;
    } else if (bytes[at + 1] !== LOWER_U) {
      text[size++] = LETTERS[bytes[at + 1] as number] as number;
      at += 2;
    } else {
      const unit = codeUnit(bytes, at);
      const isPair = escapeLength(bytes, at) === 12;
      if (unit < 0x80) text[size++] = unit;
      else
        size += text.write(
          isPair ? String.fromCharCode(unit, codeUnit(bytes, at + 6)) : String.fromCharCode(unit),
          size,
        );
      at += isPair ? 12 : 6;
    }
  }
  return text.subarray(0, size);
}

function codeUnit(bytes: Uint8Array, at: number): number {
  if (at + 6 > bytes.length || bytes[at] !== BACKSLASH || bytes[at + 1] !== LOWER_U) return -1;
  return (hex(bytes, at + 2) << 12) | (hex(bytes, at + 3) << 8) | (hex(bytes, at + 4) << 4) | hex(bytes, at + 5);
}

function hex(bytes: Uint8Array, at: number): number {
  return HEX[bytes[at] as number] as number;
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLow(unit: number): boolean {
  return unit >= 0 && (unit & 0xfc00) === 0xdc00;
}
