import { seed } from './seed.ts';

const { MONGO_URL, S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = process.env;

if (MONGO_URL && S3_ENDPOINT && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY && AWS_REGION) {
  const s3 = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, region: AWS_REGION };
  await seed({ mongoUrl: MONGO_URL, s3Endpoint: S3_ENDPOINT, s3 });
  process.stdout.write('The sample data is in both stores.\n');
} else {
  process.stderr.write('Set MONGO_URL, S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION.\n');
  process.exitCode = 2;
}
