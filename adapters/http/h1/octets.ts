export const [TAB, LF, CR, SPACE, COLON] = [9, 10, 13, 32, 58];

/** Of each octet 1 where it may stand in a token (RFC 9110 §5.6.2). */
export const TOKEN = octets(/[!#$%&'*+.^_`|~0-9A-Za-z-]/);

/** Of each octet 1 where it may stand in the value of a field (RFC 9110 §5.5). */
export const TEXT = octets(/[\t\x20-\x7e\x80-\xff]/);

function octets(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => Number(allowed.test(String.fromCharCode(octet))));
}
