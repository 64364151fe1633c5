import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { namedFile } from '../store/named-file.ts';

/** The name of a file, which is read before the configuration is checked: its text, in PEM (RFC 7468). */
const pem = namedFile('in PEM').transform(String);

/** By what the service is known where it speaks TLS itself. */
export const tlsSchema = z
  .strictObject({
    cert: pem.meta({ description: "A file with the certificate, and those between it and its issuer's." }),
    key: pem.meta({ description: 'A file with its private key, without a passphrase.' }),
  })
  .superRefine((tls, context) => {
    const fault = (field: keyof typeof tls, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (!isTaken({ cert: tls.cert })) fault('cert', 'a certificate in PEM is allowed here');
    else if (!isTaken({ key: tls.key })) fault('key', 'a private key in PEM without a passphrase is allowed here');
    // TLS takes one of another algorithm, too, and then has none to show.
    else if (!new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key)))
      fault('key', 'the key of the certificate is allowed here');
  });

/** A certificate and its private key, as texts in PEM. */
type Tls = z.output<typeof tlsSchema>;

/** Whether TLS can be spoken with this. */
function isTaken(tls: Partial<Tls>): boolean {
  try {
    createSecureContext(tls);
    return true;
  } catch {
    return false;
  }
}
