import { toText } from '../../src/json/leaf.ts';
import { joinedText, Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';
import { keyClimbs } from '../http/climbs.ts';
import type { S3Options } from './options.ts';

/** UTF-8 bytes of a key, its prefix included (Amazon S3 user guide, "Naming Amazon S3 objects"). */
const KEY_BYTES = 1024;

/**
 * Puts keys and prefixes behind the source's prefix, which none of them leaves. While a batch is planned, a
 * reference stands in a key where it will be filled in.
 */
export function compileS3(
  op: string,
  params: Record<string, unknown>,
  options: S3Options,
  fault: ReportFault,
): unknown {
  if (op === 'listObjects') {
    const prefix = behind(params['prefix'] as string, options, (detail) => fault(['prefix'], detail));
    const startAfter = params['startAfter'];
    const after =
      startAfter === undefined
        ? {}
        : { startAfter: behind(startAfter as string, options, (detail) => fault(['startAfter'], detail)) };
    return { ...params, prefix, ...after };
  }
  const key = keyOf(params['key'], options, (detail) => fault(['key'], detail));
  if (op !== 'presignGetObject') return { ...params, key };
  const most = options.maxExpiresInSeconds;
  const expiresInSeconds = (params['expiresInSeconds'] as number | undefined) ?? most;
  if (expiresInSeconds > most) fault(['expiresInSeconds'], `at most ${most} is allowed here`);
  return { ...params, key, expiresInSeconds };
}

function keyOf(key: unknown, options: S3Options, fault: (detail: string) => void): string | Placeholder {
  if (key instanceof Placeholder) return joinedText([options.prefix, key]);
  const text = toText(unwrapped(key));
  if (text === undefined || text === '') {
    fault('a key is a text that is not empty');
    return '';
  }
  return behind(text, options, fault);
}

function behind(text: string, { prefix }: S3Options, fault: (detail: string) => void): string {
  const whole = prefix + text;
  if (text.length > KEY_BYTES || Buffer.byteLength(whole) > KEY_BYTES)
    fault(`at most ${KEY_BYTES} bytes, the source's prefix included`);
  else if (keyClimbs(text)) fault('"." and ".." are not allowed as segments, encoded or not');
  else if (text.includes('\0') || !text.isWellFormed()) fault('NUL and lone surrogates are not allowed here');
  return whole;
}
