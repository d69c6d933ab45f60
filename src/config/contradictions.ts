import { isLoopback } from "./setting-kinds.ts";

/** Variables that are well by themselves, and not together. */
export function contradictions(given: Readonly<Record<string, string>>): string[] {
  return [
    ...(given.HMS_CHECKER_URL !== undefined && given.HMS_POLICY_BUNDLE !== undefined
      ? ["HMS_CHECKER_URL and HMS_POLICY_BUNDLE are both set, and only one policy can be in force. Leave one out."]
      : []),
    ...localScan(given),
  ];
}

/** Scans on the machine of HMS-SYS itself are for development: nobody serves others from an address that only this machine reaches. */
function localScan({ HMS_SCAN_LOCAL, HMS_PUBLIC_URL }: Readonly<Record<string, string>>): string[] {
  if (HMS_SCAN_LOCAL === undefined || HMS_PUBLIC_URL === undefined) return [];
  const url = URL.canParse(HMS_PUBLIC_URL) ? new URL(HMS_PUBLIC_URL) : undefined;
  if (url?.protocol === "http:" && isLoopback(url.hostname)) return [];
  return [
    "HMS_SCAN_LOCAL is for development, and HMS_PUBLIC_URL is not an http address of this machine. Leave one out.",
  ];
}
