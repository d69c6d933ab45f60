/**
 * How long a test waits for one thing that has to come, in milliseconds. Most take less than a second, and only a failure
 * waits to the end: long enough for a machine that others use as well, shorter than the limit of a test.
 */
export const WITHIN_MS = 40_000;
