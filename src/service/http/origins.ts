import type { onRequestHookHandler } from 'fastify';
import { authorityOf, type Serves } from './hosts.ts';
import { sendProblem } from './problem.ts';

/**
 * Answers 403 to a page that was not served by a host that is served here, nor is one of these origins: the
 * Model Context Protocol wants `Origin` checked, where a browser says it (Transports, Security Warning).
 */
export function refuseOrigins(serves: Serves | undefined, allowed: readonly string[]): onRequestHookHandler {
  return ({ headers: { origin } }, reply, done) => {
    if (!serves || origin === undefined || allowed.includes(origin) || serves(authorityOf(origin) ?? '')) return done();
    sendProblem(reply, { status: 403, detail: 'pages of this origin may not ask here' });
  };
}
