import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ROOT } from '../../stores/folder.ts';
import { parseDockerfile } from './dockerfile.ts';

/** A service of docker-compose.yml, as far as this project's says things. */
export interface Service {
  image: string;
  build?: string;
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string | number>;
  ports?: string[];
  volumes?: string[];
  healthcheck: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  stop_grace_period?: string;
}

/** The text of a file of the project. */
export const text = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

/** docker-compose.yml, its anchors and merge keys followed. */
export const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  services: Record<'mongo' | 's3' | 'rest' | 'seed' | 'codap', Service>;
  volumes: Record<string, null>;
};

/** The stages of the Dockerfile. */
export const stages = parseDockerfile(text('Dockerfile'));

/** `${NAME:-default}` as Compose fills it in where nothing is set. */
export const withDefaults = (value: string | number) => String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
