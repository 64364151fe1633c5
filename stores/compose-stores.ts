import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from './folder.ts';
import { freePort } from './free-port.ts';
import type { PreferredPorts } from './real-stores.ts';
import { S3_ACCESS, type Stores } from './stores.ts';

const exec = promisify(execFile);

/** True if a Docker engine with Compose answers within five seconds. */
export async function engineAnswers(): Promise<boolean> {
  try {
    await exec('docker', ['compose', 'version'], { timeout: 5_000 });
    await exec('docker', ['info'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts the datastores of docker-compose.yml, apart from any other use of that file, and waits until they
 * are healthy.
 */
export async function startComposeStores(ports: PreferredPorts = {}): Promise<Stores> {
  const [mongoPort, s3Port] = [await freePort(ports.mongo), await freePort(ports.s3)];
  const env = { ...process.env, MONGO_PORT: String(mongoPort), S3_PORT: String(s3Port) };
  const compose = (...args: string[]) =>
    exec('docker', ['compose', '--project-name', `codap-stores-${process.pid}`, ...args], { cwd: ROOT, env });
  const close = async () => {
    await compose('down', '--volumes');
  };
  try {
    await compose('up', '--detach', '--wait', 'mongo', 's3');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    mongoUrl: `mongodb://127.0.0.1:${mongoPort}`,
    s3Endpoint: `http://127.0.0.1:${s3Port}`,
    s3: S3_ACCESS,
    close,
    [Symbol.asyncDispose]: close,
  };
}
