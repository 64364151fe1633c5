import { describe, expect, it } from 'vitest';
import { onceLoaded } from '../../src/ground/once-loaded.ts';

describe('what is loaded once', () => {
  it('is the same for all, those among them who ask while it comes', async () => {
    let loads = 0;
    const loaded = onceLoaded(async () => ({ load: (loads += 1) }));
    const [one, two] = await Promise.all([loaded(), loaded()]);
    expect([one === two, one === (await loaded()), loads]).toEqual([true, true, 1]);
  });

  it('is loaded again after a failure, which those hear of who waited for it', async () => {
    let loads = 0;
    const loaded = onceLoaded(async () => {
      loads += 1;
      if (loads === 1) throw new Error('EMFILE');
      return loads;
    });
    const first = await Promise.allSettled([loaded(), loaded()]);
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([await loaded(), await loaded()]).toEqual([2, 2]);
  });
});
