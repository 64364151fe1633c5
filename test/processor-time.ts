/**
 * Milliseconds of processor time that this thread has had: what work costs is held to a bound by it, for a
 * clock also counts what the machine does beside.
 */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
