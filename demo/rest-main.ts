import closeWithGrace from 'close-with-grace';
import { startRest } from './rest/server.ts';

const rest = await startRest({
  host: process.env.CODAP_HOST ?? '127.0.0.1',
  port: Number(process.env.CODAP_PORT ?? 8081),
});
process.stdout.write(`The sample REST API listens on port ${rest.port}.\n`);
closeWithGrace({ delay: 5_000 }, () => rest.stop());
