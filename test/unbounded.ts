import { processMemory, type Memory } from '../src/budget/memory.ts';
import { Work } from '../src/budget/work.ts';

/** What a call may hold and compute where a test bounds neither. */
export function unbounded(): { memory: Memory; work: Work } {
  return { memory: processMemory(Infinity), work: new Work(Infinity) };
}
