import { vi } from 'vitest';

/**
 * What `load` imports, loaded anew, for this file alone. Files share their modules (`isolate: false`); a test
 * that stops the clock must not see what others have left in one by the real clock, nor leave it there.
 */
export async function loadedAnew<Modules>(load: () => Promise<Modules>): Promise<Modules> {
  vi.resetModules();
  try {
    return await load();
  } finally {
    vi.resetModules();
  }
}
