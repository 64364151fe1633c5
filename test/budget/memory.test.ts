import { describe, expect, it } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { Memory, processMemory } from '../../src/budget/memory.ts';

const tooLarge = (): CodapError => new CodapError('TOO_LARGE', 'too many bytes');

describe('memory', () => {
  it('is held up to its bound, and not a byte beyond', () => {
    const memory = new Memory(10, tooLarge);
    memory.hold(10);
    expect(memory.left).toBe(0);
    expect(() => memory.hold(1)).toThrow('too many bytes');
    expect(memory.held).toBe(10);
  });

  it('counts within what it is a part of, which has a word of its own', () => {
    const whole = processMemory(15);
    const one = new Memory(10, tooLarge, whole);
    const other = new Memory(10, tooLarge, whole);
    one.hold(10);
    expect(() => other.hold(6)).toThrow(expect.objectContaining({ code: 'OVERLOADED', retryable: true }));
    expect([whole.held, other.held]).toEqual([10, 0]);
    other.hold(5);
    one.close();
    expect(whole.held).toBe(5);
  });

  it('lets go of all that a part holds when the part is closed, once', () => {
    const memory = new Memory(10, tooLarge);
    const part = memory.part();
    part.hold(7);
    memory.hold(2);
    part.close();
    part.close();
    expect(memory.held).toBe(2);
  });

  it('has a part of the whole for what outlives the one who began it', () => {
    const whole = processMemory(15);
    const one = new Memory(10, tooLarge, whole).part();
    const shared = one.ofAll();
    shared.hold(12);
    one.hold(3);
    one.close();
    expect(whole.held).toBe(12);
    expect(() => shared.hold(4)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    shared.close();
    expect(whole.held).toBe(0);
  });

  it('knows nothing of what a part does that was left open', () => {
    const whole = processMemory(100);
    const memory = new Memory(10, tooLarge, whole);
    const part = memory.part();
    part.hold(7);
    memory.close();
    expect(whole.held).toBe(0);
    part.close();
    expect(whole.held).toBe(0);
    expect(() => part.hold(1)).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });

  it.each([
    ['nothing more', (part: Memory) => part.hold(0)],
    ['less', (part: Memory) => part.release(20)],
    ['as much by nobody’s count but the whole’s', (part: Memory) => part.disown()],
  ])('whose bound falls below what is held lets a part hold %s, and not a byte more', (_what, change) => {
    const whole = processMemory(100);
    const part = new Memory(80, tooLarge, whole).part();
    part.hold(60);
    whole.most = 10;
    change(part);
    expect(whole.held).toBe(part.held);
    expect(() => part.hold(1)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    part.close();
    expect(whole.held).toBe(0);
  });

  it('has a part throw the word of the whole', () => {
    const part = new Memory(10, tooLarge).part();
    expect(() => part.hold(11)).toThrow('too many bytes');
    expect(part.held).toBe(0);
  });
});
