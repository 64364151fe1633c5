import { Duplex, type Transform } from 'node:stream';

/** A decompressor of zlib, which counts what it has taken. */
type Decoder = Transform & { readonly bytesWritten: number };
type Done = (error?: Error | null) => void;

/** How bytes were coded. */
export interface Coding {
  /** Undoes it, from the first byte on. */
  decoder(first: number): Decoder;
  /** What it is that follows the end, by its first byte. */
  after(next: number): 'frame' | 'padding' | 'rubbish';
}

/**
 * Undoes one coding to the last byte. A decompressor of zlib ends with the first frame and lets the rest fall
 * without a word; here another frame goes on, and anything else is an error. Nothing at all is an empty body,
 * whatever coding it was to have.
 */
export class Decoded extends Duplex {
  readonly #coding: Coding;
  #decoder: Decoder | undefined;
  /** Bytes that the present decompressor was given. */
  #given = 0;
  /** The bytes given last, and who waits until they are taken. */
  #last: { readonly bytes: Buffer; readonly done: Done } | undefined;
  #padded = false;

  constructor(coding: Coding) {
    super();
    this.#coding = coding;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (bytes.length === 0) return done();
    if (this.#padded) return done(bytes.some((byte) => byte !== 0) ? rubbish() : null);
    const decoder = (this.#decoder ??= this.#open(bytes[0] as number));
    this.#given += bytes.length;
    this.#last = { bytes, done };
    decoder.write(bytes, (error) => {
      // One that ended before it had taken all calls back when it is destroyed.
      if (error || decoder !== this.#decoder) return;
      this.#last = undefined;
      done();
    });
  }

  override _final(done: Done): void {
    if (this.#decoder) this.#decoder.end();
    else this.push(null);
    done();
  }

  override _read(): void {
    this.#decoder?.resume();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#decoder?.destroy();
    done(error);
  }

  #open(first: number): Decoder {
    const decoder = this.#coding.decoder(first);
    decoder.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) decoder.pause();
    });
    decoder.once('end', () => this.#ended(decoder));
    decoder.once('error', (error) => this.destroy(error));
    return decoder;
  }

  /**
   * A decompressor ended: by itself, while its last write still waits; or because there is no more to read.
   */
  #ended(decoder: Decoder): void {
    const last = this.#last;
    if (!last) return void this.push(null);
    const rest = last.bytes.subarray(last.bytes.length - (this.#given - decoder.bytesWritten));
    this.#decoder = undefined;
    decoder.destroy();
    this.#last = undefined;
    this.#given = 0;
    const next = this.#coding.after(rest[0] as number);
    if (next === 'rubbish') return void this.destroy(rubbish());
    this.#padded = next === 'padding';
    this._write(rest, 'latin1', last.done);
  }
}

function rubbish(): Error {
  return Object.assign(new Error('bytes after the end of what was coded'), { code: 'Z_DATA_ERROR' });
}
