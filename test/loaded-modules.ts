import { registerHooks } from 'node:module';

// Loaded into a process before all else, it tells its parent of every module that is loaded after it of what
// not every service has: OpenTelemetry, the stores' drivers, pages, agents and tokens; and of one of codap's
// that shows that it looks.
const SOME =
  /@opentelemetry|@aws-sdk|@modelcontextprotocol|node_modules\/(?:mongodb|liquidjs|jose)|src\/observe\/spans|src\/cli\/serve/;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (SOME.test(resolved.url)) process.send?.(resolved.url);
    return resolved;
  },
});
