/** Kinds whose scanner runs outside of the process: in a workflow, in a Job on the preview's cluster, or on a server that is asked. */
export const DISPATCHED_KINDS = ["sast", "leaks", "dependencies", "iac", "image", "dast", "quality"] as const;
export type DispatchedKind = (typeof DISPATCHED_KINDS)[number];

/** Every kind of scan; its check run is `hms/scan/<kind>`. */
export const SCAN_KINDS = ["secrets", "agents", ...DISPATCHED_KINDS] as const;
export type ScanKind = (typeof SCAN_KINDS)[number];
