import { describe, inject } from 'vitest';
import { mongoSuite } from '../adapter-suite/mongo.ts';

describe('the mongo adapter on a real server', () => {
  mongoSuite(async () => ({ url: inject('stores').mongoUrl }));
});
