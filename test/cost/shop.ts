import { startMongo } from '../../demo/mongo/server.ts';

/** An embedded MongoDB of its own process, without a document. It says its port on its channel. */
const server = await startMongo();
process.send?.(server.port);
process.once('disconnect', () => process.exit());
