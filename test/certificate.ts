import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for `localhost` that signs itself, and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes one, under a name of its own. */
export async function makeCertificate(name: string): Promise<Certificate> {
  const localhost = {
    name: 'subjectAltName',
    altNames: [
      { type: 2, value: 'localhost' },
      { type: 7, ip: '127.0.0.1' },
    ],
  };
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true }, localhost],
  } as Parameters<typeof generate>[1]);
  return { cert: made.cert, key: made.private };
}

/** Writes one into a folder; answers what a configuration there says of it. */
export async function writeCertificate(
  folder: string,
  { cert, key }: Certificate,
): Promise<{ cert: string; key: string }> {
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key);
  return { cert: 'cert.pem', key: 'key.pem' };
}
