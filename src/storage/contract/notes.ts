/**
 * Short texts kept beside the memories, by which processes that share a store find agreement.
 *
 * @module
 */

/** How long a note stays. */
export interface NoteOptions {
  /** Whether it is removed when the store is closed, by a driver that can do so without waiting. */
  untilClosed?: boolean;
}

/** Notes by name, changed by comparison. */
export interface StoreNotes {
  /**
   * A short text kept beside the memories, for what processes that share the store tell each other; null where there is
   * none.
   *
   * @param name Lower-case letters and underscores.
   */
  note(name: string): Promise<string | null>;

  /**
   * Puts `after` in the place of `before`, null standing for no note, and says whether it did: of several callers with
   * the same `before` one does, the others find another note there.
   */
  changeNote(name: string, before: string | null, after: string | null, options?: NoteOptions): Promise<boolean>;
}
