/** A command line that cannot be read: exit status 2. */
export class UsageFault extends Error {}

/** Something the operator can put right, told in one line: exit status 1. */
export class StartFault extends Error {}
