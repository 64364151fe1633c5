import { registerHooks } from 'node:module';

// Loaded into a process before all else, it tells its parent of every module of OpenTelemetry's and of the
// stores' drivers that is loaded after it, and of one of codap's that shows that it looks.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (/@opentelemetry|@aws-sdk|node_modules\/mongodb|src\/observe\/spans|src\/cli\/serve/.test(resolved.url))
      process.send?.(resolved.url);
    return resolved;
  },
});
