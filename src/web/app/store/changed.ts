/**
 * That this page changed something: what shows memories loads again.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { changes } from "../live.ts";
import { loadHealth, loadTags } from "./service.ts";

/** Grows with each change made here, and when the reader asks to see those of others. */
export const revision = signal(0);
/** Changes by others that the reader has seen. */
export const seen = signal(0);

/** Something was changed here. */
export function changed(): void {
  revision.value++;
  loadTags().catch(() => {});
  loadHealth().catch(() => {});
}

/** Shows what others changed. */
export function showChanges(): void {
  seen.value = changes.value;
  changed();
}
