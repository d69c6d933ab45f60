import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { sightOfJob } from "../../../src/scan/job.ts";

const job = (status: unknown, metadata: object = {}): KubeObject => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "hms-scan", ...metadata },
  status,
});
const pod = (status: unknown): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status });
const condition = (type: string, reason = "", message = "") => ({ type, status: "True", reason, message });
const failed = job({ conditions: [condition("Failed", "BackoffLimitExceeded", "Job has reached its limit")] });

describe("what a Job says of itself", () => {
  test.each<[string, KubeObject, KubeObject[], unknown]>([
    ["nothing yet", job(undefined), [], { is: "queued" }],
    ["a status that nobody can read", job({ conditions: "?" }), [pod("?")], { is: "queued" }],
    ["its Pod runs", job({ active: 1 }), [pod({ phase: "Running" })], { is: "running" }],
    [
      "no node has room",
      job({ active: 1 }),
      [
        pod({
          phase: "Pending",
          conditions: [
            { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "Insufficient cpu." },
          ],
        }),
      ],
      { is: "queued", reason: "Unschedulable: Insufficient cpu" },
    ],
    [
      "its image cannot be pulled",
      job({ active: 1 }),
      [pod({ phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff" } } }] })],
      { is: "queued", reason: "ImagePullBackOff" },
    ],
    [
      "it is about to start",
      job({ active: 1 }),
      [pod({ phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ContainerCreating" } } }] })],
      { is: "queued" },
    ],
    [
      "it ended well",
      job({ conditions: [condition("Complete")] }),
      [],
      { is: "over", timedOut: false, reason: "Its Job ended without a report." },
    ],
    [
      "a condition that does not hold",
      job({ conditions: [{ ...condition("Failed"), status: "False" }] }),
      [],
      { is: "queued" },
    ],
    [
      "it took too long",
      job({ conditions: [condition("Failed", "DeadlineExceeded")] }),
      [],
      { is: "over", timedOut: true, reason: "Its Job took longer than it may." },
    ],
    [
      "it ended badly",
      failed,
      [
        pod({
          phase: "Failed",
          containerStatuses: [{ state: { terminated: { exitCode: 137, reason: "OOMKilled" } } }],
        }),
      ],
      { is: "over", timedOut: false, reason: "Its Job failed: OOMKilled (exit code 137)." },
    ],
    [
      "it was evicted",
      failed,
      [pod({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." })],
      { is: "over", timedOut: false, reason: "Its Job failed: Evicted: The node was low on resource: memory." },
    ],
    [
      "its Pod is gone",
      failed,
      [],
      { is: "over", timedOut: false, reason: "Its Job failed: BackoffLimitExceeded: Job has reached its limit." },
    ],
    [
      "it is being removed, and its Pod runs",
      job({ active: 1 }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      [pod({ phase: "Running" })],
      { is: "over", timedOut: false, reason: "Somebody removed its Job." },
    ],
  ])("%s", (_, seen, pods, wanted) => {
    expect(sightOfJob(seen, pods)).toEqual(wanted);
  });

  test("words of a cluster do not grow without end", () => {
    const long = pod({ phase: "Failed", reason: "Evicted", message: "x".repeat(10_000) });
    expect(JSON.stringify(sightOfJob(failed, [long])).length).toBeLessThan(500);
  });
});
