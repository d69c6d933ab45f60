/** The scan could not be done. The message is one sentence for the people who read the check run; it may quote the tool. */
export class ScanFailure extends Error {
  override readonly name = "ScanFailure";
}
