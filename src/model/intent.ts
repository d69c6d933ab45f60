/**
 * What a person asked for. Unlike the state of the world it cannot be read again, so it is stored in the same step as the delivery
 * that brought it, under an id that is signed by GitHub (the comment's id), not the delivery's header, which is not.
 */
export type Intent = CommentIntent | ButtonIntent;

/** A new comment that speaks to us. */
export interface CommentIntent extends Asked {
  kind: "comment";
  /** The comment's text as signed; parsed when it is acted on. */
  body: string;
  commentId: number;
}

/** A button of one of our checks; its key is the commit's, since GitHub names no pull request of a fork. */
export interface ButtonIntent extends Asked {
  kind: "button";
  action: "retry" | "hold" | "unhold";
  /** The state of the gate in which the button was offered; empty for GitHub's own buttons. */
  state: string;
  /** Name of the check that is to be run again, where it is one; absent for a whole suite, and for the gate's own buttons. */
  check?: string;
  /** Of the check run; 0 where a whole suite was asked for again. */
  runId: number;
}

interface Asked {
  /** `comment/<comment id>`, `button/…`, `rerequest/…`. A second intent with the same id does nothing. */
  id: string;
  /** The key whose reconcile acts on it, as {@link formatKey} writes it. */
  key: string;
  sender: { login: string; id: number; type: string };
  /** When GitHub says that it was asked, ms since the epoch. */
  askedAtMs: number;
  /** When the delivery that brought it was accepted, ms since the epoch. */
  seenAtMs: number;
}
