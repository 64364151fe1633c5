/** A number of YAML, as it was written: a double would hold fewer digits, and no sign of an integer 0. */
export class YamlNumber {
  readonly value: number | bigint;
  readonly source: string;

  constructor(value: number | bigint, source: string) {
    this.value = value;
    this.source = source;
  }

  /** The same as JSON writes it; undefined for what is not finite. */
  get json(): string | undefined {
    const decimal = /^([-+]?)0*(\d*)(?:\.(\d*))?(e[-+]?\d+)?$/i.exec(this.source);
    // Hexadecimal and octal digits are always an integer's.
    if (!decimal) return typeof this.value === 'bigint' ? String(this.value) : undefined;
    const [, sign, whole, fraction, exponent = ''] = decimal;
    return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction ? `.${fraction}` : ''}${exponent}`;
  }
}
