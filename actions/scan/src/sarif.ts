/** The parts of SARIF 2.1.0 that are read or written here: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Everything else is handed on as it is. */
export interface Log {
  $schema?: string;
  version: "2.1.0";
  runs: Run[];
}

export interface Run {
  tool: { driver: Driver; extensions?: unknown[] };
  results?: Result[];
  invocations?: Invocation[];
  originalUriBaseIds?: unknown;
  [key: string]: unknown;
}

export interface Driver {
  name: string;
  semanticVersion?: string;
  version?: string;
  rules?: Rule[];
  [key: string]: unknown;
}

export interface Rule {
  id: string;
  [key: string]: unknown;
}

export interface Invocation {
  executionSuccessful: boolean;
  toolExecutionNotifications?: Notification[];
  [key: string]: unknown;
}

export interface Notification {
  message?: { text?: string };
  level?: string;
  locations?: { physicalLocation?: PhysicalLocation }[];
  [key: string]: unknown;
}

export interface Result {
  ruleId?: string;
  ruleIndex?: number;
  level?: string;
  message: { text?: string };
  locations?: { physicalLocation?: PhysicalLocation; [key: string]: unknown }[];
  suppressions?: Suppression[];
  partialFingerprints?: Record<string, string>;
  properties?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface Suppression {
  kind: "inSource" | "external";
  /** `rejected`: it was asked for, and does not count. */
  status: "accepted" | "underReview" | "rejected";
  justification?: string;
}

export interface PhysicalLocation {
  artifactLocation?: { uri?: string; uriBaseId?: string; [key: string]: unknown };
  region?: Region;
  contextRegion?: Region;
  [key: string]: unknown;
}

export interface Region {
  startLine?: number;
  endLine?: number;
  snippet?: { text?: string };
  [key: string]: unknown;
}
