import { z } from 'zod';

/** A file that an option names, read before options are checked: its bytes, or why it could not be read. */
export class NamedFile {
  readonly read: { readonly bytes: Buffer } | { readonly fault: string };

  constructor(read: NamedFile['read']) {
    this.read = read;
  }
}

/** An option that names a file of this kind, which becomes its bytes. The text is told to the operator. */
export function namedFile(kind: string) {
  return z
    .instanceof(NamedFile, { error: 'the name of a file is allowed here' })
    .transform(({ read }, context) => {
      if ('bytes' in read) return read.bytes;
      const message = `a file ${kind} is allowed here, and this one cannot be read (${read.fault})`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ shown: z.string() });
}
