import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { remembering } from '../../ground/remember.ts';
import { sendProblem } from './problem.ts';
import { timesSent } from './raw-fields.ts';

/**
 * What an authority is made of: a name or an IPv4 address, or an IPv6 address in brackets, and a port (RFC
 * 3986 §3.2).
 */
const AUTHORITY = /^(?:\[([^[\]]+)\]|([^[\]:@/?#\\\s]+))(?::\d*)?$/;
/** A URL that names its host, as a request target may (RFC 9112 §3.2.2). */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

/** Tells whether the host of an authority is served. */
export type Serves = (authority: string) => boolean;

/**
 * Which hosts are served: those of these names; without any, every host is (undefined), but on a loopback
 * address `localhost`, what lies below it, and IP addresses alone: any other name there may be one that a
 * web page has pointed at this machine to get at what listens on it (DNS rebinding).
 */
export function servedHosts(names: readonly string[], onLoopback: boolean): Serves | undefined {
  if (names.length === 0 && !onLoopback) return undefined;
  const listed = new Set(names.map(plainHost));
  return remembering((authority) => {
    const host = hostOf(authority);
    return host !== undefined && (listed.size > 0 ? listed.has(host) : isLocal(host));
  });
}

/**
 * Answers 400 where a request does not name its host once (RFC 9112 §3.2), and 421 where that is not served.
 * Without `serves` every host is.
 */
export function serveHosts(app: FastifyInstance, serves: Serves = () => true): void {
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const { rawHeaders, headers, httpVersion } = raw;
    // Node keeps the first of several.
    if (timesSent(rawHeaders, 'host') > 1 || (headers.host === undefined && httpVersion === '1.1'))
      return sendProblem(reply, { status: 400, detail: 'a request has one Host field' });
    // A target that names a host wins over the Host field.
    const authority = authorityOf(raw.url) ?? headers.host ?? '';
    if (serves(authority)) return done();
    sendProblem(reply, { status: 421, detail: 'this host is not served here' });
  });
}

/** The authority of an absolute URL; undefined for anything else. */
export function authorityOf(url = ''): string | undefined {
  return ABSOLUTE.exec(url)?.[1];
}

/**
 * A host as hosts are compared: in lower case, without the dot of a full name; an IPv6 address in its usual
 * form.
 */
function plainHost(host: string): string {
  const plain = host.toLowerCase().replace(/\.$/, '');
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname : plain;
}

/** The host of an authority, as hosts are compared; undefined for what is none. */
function hostOf(authority: string): string | undefined {
  const [, address, name] = AUTHORITY.exec(authority) ?? [];
  if (address !== undefined) return isIP(address) === 6 && !address.includes('%') ? plainHost(address) : undefined;
  return name === undefined ? undefined : plainHost(name);
}

function isLocal(host: string): boolean {
  // Names below localhost never leave the machine (RFC 6761 §6.3).
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('[') || isIP(host) === 4;
}
