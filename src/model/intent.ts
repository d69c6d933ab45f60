/**
 * What a person asked for. Unlike the state of the world it cannot be read again, so it is stored in the same step as the delivery
 * that brought it, under an id that is signed by GitHub (the comment's id), not the delivery's header, which is not.
 */
export interface Intent {
  /** `comment/<comment id>`. A second intent with the same id does nothing. */
  id: string;
  /** The key whose reconcile acts on it, as {@link formatKey} writes it. */
  key: string;
  kind: "comment";
  /** The comment's text as signed; parsed when it is acted on. */
  body: string;
  commentId: number;
  sender: { login: string; id: number; type: string };
  /** When GitHub says that it was asked, ms since the epoch. */
  askedAtMs: number;
  /** When the delivery that brought it was accepted, ms since the epoch. */
  seenAtMs: number;
}
