/** How V8 runs codap. `npm run bench:rest` tells what it takes of the processor and of memory. */
export const V8_FLAGS = [
  // While little is asked V8 learns that what a request needs lives long, and then puts all of it where only
  // full collections look: that costs a tenth of the processor and 100 MB.
  '--no-allocation-site-pretenuring',
  // What runs often gets its best form after a hundred calls, and none in between: until then it takes more
  // of the processor and allocates much more, and the compiler in between keeps memory.
  '--no-maglev',
  '--invocation-count-for-turbofan=100',
  // What lives is collected when it has grown by so much, instead of to a multiple.
  '--heap-growing-percent=30',
  // New objects take a quarter of what they may by default, 100 MB less, and are collected more often.
  '--max-semi-space-size=16',
];

/** What the environment tells the process, where it does not say otherwise. */
export const ENVIRONMENT = {
  // Malloc of glibc (mallopt(3)): the event loop has its memory to itself, and all other threads share
  // theirs. Each of them would keep what V8's compiler and collector have let go of.
  MALLOC_ARENA_MAX: '2',
  // Of the threads for what blocks, at most half look names up (libuv). While no resolver answers for the
  // names of some stores, others still have one.
  UV_THREADPOOL_SIZE: '16',
};
