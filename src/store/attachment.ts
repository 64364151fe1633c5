import { create as contentDisposition } from 'content-disposition';
import { safeName } from './safe-name.ts';

/**
 * The `Content-Disposition` (RFC 6266) of what is saved as a file, under this name made safe if there is
 * one.
 */
export function attachment(filename?: string): string {
  return contentDisposition(filename === undefined ? undefined : safeName(filename));
}
