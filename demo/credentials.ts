import type { Credentials } from './s3/signature.ts';

/** What the embedded S3 store asks for. It guards nothing. */
export const DEMO_CREDENTIALS: Credentials = { accessKeyId: 'demo', secretAccessKey: 'demo-secret' };
