import { describe } from 'vitest';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { startS3 } from '../../demo/s3/server.ts';
import { s3Suite } from '../adapter-suite/s3.ts';

describe('the s3 adapter on the embedded server', () => {
  s3Suite(async () => {
    const server = await startS3({ credentials: DEMO_CREDENTIALS });
    return {
      endpoint: `http://127.0.0.1:${server.port}`,
      access: { ...DEMO_CREDENTIALS, region: 'eu-west-1' },
      // It looks at no other part of a signature.
      stranger: { accessKeyId: 'stranger' },
      close: () => server.stop(),
    };
  });
});
