/**
 * How long after its batch's deadline an answer may still be worked on, in milliseconds. It leaves, or its
 * first byte does, within 50: all of these begin at the deadline, and the longest leaves 15 for sending.
 */
export const GRACE_MS = {
  /** Computing with what is there by the deadline. */
  computing: 10,
  /** Waiting for the queries' own time-outs, which know more, where there is no first byte yet. */
  beginning: 10,
  /** Writing a table. */
  table: 20,
  /** Reading the answer for its entity tag. */
  tag: 20,
  /** Rendering a page. */
  page: 35,
} as const;
