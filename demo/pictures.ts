import { crc32, deflateSync } from 'node:zlib';

/** Red, green and blue, 0–255. */
export type Colour = readonly [number, number, number];

/** A book's cover as SVG. */
export function svg(title: string, [red, green, blue]: Colour): string {
  const text = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="300" viewBox="0 0 200 300">
  <rect width="200" height="300" fill="rgb(${red},${green},${blue})"/>
  <text x="100" y="140" fill="white" font-family="serif" font-size="16" text-anchor="middle">${text}</text>
</svg>
`;
}

/** A square of one colour as PNG, `side` pixels wide. */
export function png(side: number, colour: Colour): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Eight bits each of red, green and blue.
  header.set([8, 2], 8);
  const row = Buffer.from([0, ...Array.from({ length: side }, () => [...colour]).flat()]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 12);
  framed.writeUInt32BE(data.length, 0);
  framed.write(type, 4, 'latin1');
  data.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, data.length + 8)), data.length + 8);
  return framed;
}

const BLOCKS = 8;

/**
 * A square of one colour as baseline JPEG, 64 pixels wide. One colour needs only each component's mean, so
 * the Huffman tables are tiny.
 */
export function jpeg([red, green, blue]: Colour): Buffer {
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  const means = [luma - 128, 0.564 * (blue - luma), 0.713 * (red - luma)].map(Math.round);
  // The blocks after the first differ from it by nothing.
  const bits = means.map(meanBits).join('') + '00000'.repeat(3 * (BLOCKS * BLOCKS - 1));
  const bytes = bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2)) ?? [];
  const side = BLOCKS * 8;
  return Buffer.from([
    0xff,
    0xd8,
    // A mean is eight times its value in the transform: a divisor of 8 takes that out again.
    ...segment(0xdb, [0, ...Array.from({ length: 64 }, () => 8)]),
    ...segment(0xc0, [8, 0, side, 0, side, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]),
    ...segment(0xc4, [
      0x00,
      0,
      0,
      0,
      9,
      ...Array.from({ length: 12 }, () => 0),
      ...Array.from({ length: 9 }, (_, at) => at),
    ]),
    ...segment(0xc4, [0x10, 1, ...Array.from({ length: 15 }, () => 0), 0]),
    ...segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
    ...bytes.flatMap((byte) => (byte === 0xff ? [byte, 0] : [byte])),
    0xff,
    0xd9,
  ]);
}

/** How many bits the mean has (in four bits), the mean, and the code for "nothing more in this block". */
function meanBits(mean: number): string {
  const length = mean === 0 ? 0 : Math.abs(mean).toString(2).length;
  const value = length === 0 ? '' : (mean > 0 ? mean : mean + 2 ** length - 1).toString(2).padStart(length, '0');
  return `${length.toString(2).padStart(4, '0')}${value}0`;
}

function segment(marker: number, data: number[]): number[] {
  return [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 0xff, ...data];
}
