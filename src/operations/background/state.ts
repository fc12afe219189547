/**
 * How background work stands.
 *
 * @module
 */

/** How one job stands. */
export interface JobState {
  name: string;
  state: "waiting" | "running" | "failed";
  /** Unix milliseconds at which this state began. */
  since: number;
  /** Why it failed, in words for an operator; only when `failed`. */
  error: string | null;
}

/** Who does the background work, and how it stands. */
export interface BackgroundState {
  /** Name of the process that does it; null while none is known. */
  holder: string | null;
  /** Whether it is this process. */
  here: boolean;
  /** Unix milliseconds since which `holder` and `here` are as they are. */
  since: number;
  /** The jobs of this process; empty while another one does the work. */
  jobs: JobState[];
}

/** The state before anything is known. */
export function noBackground(): BackgroundState {
  return { holder: null, here: false, since: Date.now(), jobs: [] };
}
