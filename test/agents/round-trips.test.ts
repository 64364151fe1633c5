import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startService } from '../service.ts';

const root = new URL('../../', import.meta.url);

it('the example that counts round trips prints the figures that the document quotes', async () => {
  const service = await startService({ server: { mcp: true } });
  try {
    const args = ['examples/agent-round-trips.ts', service.url];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const [, single, batch] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.match(/\d+/g)?.map(Number));
    expect(batch?.[0]).toBe(1);
    for (const [at, figure] of batch?.entries() ?? []) expect(figure).toBeLessThan(single?.[at] ?? 0);
    expect(readFileSync(new URL('docs/agents.md', root), 'utf8')).toContain(stdout);
  } finally {
    await service.close();
  }
});

it('says in one sentence that nobody answers it', async () => {
  const args = ['examples/agent-round-trips.ts', 'http://127.0.0.1:9'];
  await expect(promisify(execFile)(process.execPath, args, { cwd: root })).rejects.toMatchObject({
    code: 1,
    stderr:
      'No codap with server.mcp answers at http://127.0.0.1:9: start the demo (npm start), or name its address.\n',
  });
});
