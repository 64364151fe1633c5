/** How V8 runs codap. */
export const V8_FLAGS = [
  // While little is asked V8 learns that what a request needs lives long, and then puts all of it where only
  // full collections look: that costs a tenth of the processor and 100 MB.
  '--no-allocation-site-pretenuring',
  // What has run often is compiled to its best form sooner than usual, and to no form between: the compiler
  // in between keeps 60 MB, and code that waits for the best one allocates twice as much.
  '--no-maglev',
  '--invocation-count-for-turbofan=1800',
  // Half of what new objects may take by default: that they are collected twice as often costs a hundredth of
  // the processor, and saves 64 MB.
  '--max-semi-space-size=32',
];
