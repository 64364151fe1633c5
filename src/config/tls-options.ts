import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { besides } from '../store/besides.ts';
import { namedFile } from '../store/named-file.ts';

/** The name of a file, which is read before the configuration is checked: its text, in PEM (RFC 7468). */
const pem = namedFile('in PEM').transform(String);

const cert = pem.refine((text) => isTaken({ cert: text }), {
  message: 'a certificate in PEM is allowed here',
  abort: true,
});

const key = pem.refine((text) => isTaken({ key: text }), {
  message: 'a private key in PEM without a passphrase is allowed here',
  abort: true,
});

/** By what the service is known where it speaks TLS itself. */
export const tlsSchema = z
  .strictObject({
    cert: cert.meta({ description: "A file with the certificate, and those between it and its issuer's." }),
    key: key.meta({ description: 'A file with its private key, without a passphrase.' }),
  })
  // TLS takes one of another algorithm, too, and then has none to show.
  .refine((tls) => new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key)), {
    path: ['key'],
    message: 'the key of the certificate is allowed here',
    ...besides('cert', 'key'),
  });

/** Whether TLS can be spoken with this certificate, or this private key: texts in PEM. */
function isTaken(tls: { cert: string } | { key: string }): boolean {
  try {
    createSecureContext(tls);
    return true;
  } catch {
    return false;
  }
}
