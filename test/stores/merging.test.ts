import { describe, inject } from 'vitest';
import { mergingSuite } from '../adapter-suite/merging.ts';

describe('merged point reads on a real server', () => {
  mergingSuite(async () => ({ url: inject('stores').mongoUrl }), 2000);
});
