import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { CODE, MongoFailure } from './failure.ts';

const ITERATIONS = 15_000;

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) for one user, without channel binding. */
export class Scram {
  readonly username: string;
  readonly #salt = randomBytes(28);
  readonly #storedKey: Buffer;
  readonly #serverKey: Buffer;

  constructor(username: string, password: string) {
    this.username = username;
    // SASLprep's main step; passwords with characters it forbids are no concern here.
    const salted = pbkdf2Sync(password.normalize('NFKC'), this.#salt, ITERATIONS, 32, 'sha256');
    this.#storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
    this.#serverKey = hmac(salted, 'Server Key');
  }

  /**
   * Answers a client's first message; `finish` takes the second and throws AuthenticationFailed on a wrong
   * proof.
   */
  start(payload: string): { reply: string; finish: (payload: string) => string } {
    const clientFirst = payload.slice(payload.indexOf(',', payload.indexOf(',') + 1) + 1);
    const { n: user = '', r: clientNonce = '' } = attributes(clientFirst);
    const known = user.replaceAll('=2C', ',').replaceAll('=3D', '=') === this.username;
    const nonce = clientNonce + randomBytes(24).toString('base64');
    const reply = `r=${nonce},s=${this.#salt.toString('base64')},i=${ITERATIONS}`;
    const finish = (final: string): string => {
      const [withoutProof = ''] = final.split(',p=');
      const { r, p = '' } = attributes(final);
      const message = [clientFirst, reply, withoutProof].join();
      if (!known || r !== nonce || !this.#proves(Buffer.from(p, 'base64'), message)) {
        throw new MongoFailure(CODE.AuthenticationFailed, 'Authentication failed.');
      }
      return `v=${hmac(this.#serverKey, message).toString('base64')}`;
    };
    return { reply, finish };
  }

  #proves(proof: Buffer, message: string): boolean {
    const signature = hmac(this.#storedKey, message);
    if (proof.length !== signature.length) return false;
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] as number)));
    return timingSafeEqual(createHash('sha256').update(clientKey).digest(), this.#storedKey);
  }
}

function attributes(message: string): Record<string, string> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
