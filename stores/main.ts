import { once } from 'node:events';
import { seed } from '../demo/seed.ts';
import { openStores } from './open-stores.ts';

const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
try {
  await using stores = await openStores({ mongo: 27_017, s3: 7_070 });
  await seed(stores);
  const { mongoUrl, s3Endpoint, s3 } = stores;
  process.stdout.write(`MongoDB and S3 are up and hold the demo's data. In another terminal:

export MONGO_URL=${mongoUrl} S3_ENDPOINT=${s3Endpoint}
export CODAP_TEST_MONGO_URL=${mongoUrl} CODAP_TEST_S3_ENDPOINT=${s3Endpoint}
export AWS_ACCESS_KEY_ID=${s3.accessKeyId} AWS_SECRET_ACCESS_KEY=${s3.secretAccessKey} AWS_REGION=${s3.region}

Ctrl-C ends both and drops their data.
`);
  await ended;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
