import { fileURLToPath } from 'node:url';

/** The project's root, as a path. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The ignored folder that holds the installed servers, their data and their output. */
export const FOLDER = `${ROOT}.stores`;
