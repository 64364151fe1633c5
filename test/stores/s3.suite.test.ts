import { describe, inject } from 'vitest';
import { s3Suite } from '../adapter-suite/s3.ts';

describe('the s3 adapter on a real server', () => {
  s3Suite(async () => ({
    endpoint: inject('stores').s3Endpoint,
    access: inject('stores').s3,
    stranger: { secretAccessKey: 'wrong' },
  }));
});
