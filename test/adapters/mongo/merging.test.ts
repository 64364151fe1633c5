import { describe } from 'vitest';
import { startMongo } from '../../../demo/mongo/server.ts';
import { mergingSuite } from '../../adapter-suite/merging.ts';

describe('merged point reads on the embedded server', () => {
  mergingSuite(async () => {
    const server = await startMongo();
    return { url: `mongodb://127.0.0.1:${server.port}`, close: () => server.close() };
  }, 200);
});
