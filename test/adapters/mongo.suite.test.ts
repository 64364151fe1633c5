import { describe } from 'vitest';
import { startMongo } from '../../demo/mongo/server.ts';
import { mongoSuite } from '../adapter-suite/mongo.ts';

describe('the mongo adapter on the embedded server', () => {
  mongoSuite(async () => {
    const server = await startMongo();
    return { url: `mongodb://127.0.0.1:${server.port}`, close: () => server.close() };
  });
});
