/** A file that was not looked through as a whole. HMS-SYS makes a finding of each, so that nothing hides by being unreadable. */
export interface Unread {
  /** The repository's. */
  path: string;
  why: string;
}
