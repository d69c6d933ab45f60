/** The front of scans that are Jobs on a cluster: their objects, whose they are, and what a Job says of itself. Pure. */
export { isOurScan, type ScanOwner, scanNamespace, scanOwnerOf, scanSelection } from "./job/labels.ts";
export { JOB_NAME, type JobPlan, jobObjects } from "./job/objects.ts";
export { type JobSight, sightOfJob } from "./job/sight.ts";
