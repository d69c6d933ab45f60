/** What this process used of the processors during `work`, in milliseconds: unlike the time that went by, others at work on the machine do not add to it. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
