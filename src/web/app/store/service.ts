/**
 * How the service fares, and the tags in use: what several pages show.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { get } from "../api.ts";
import type { Health, TagCount } from "../shapes.ts";

const HEALTH_EVERY_MS = 15_000;
/** Tags that uploads and agents' bookkeeping bring; they would bury those that people chose. */
const MADE_BY_PROGRAMS = /^(upload_id|source_file|file_type|source|agent):/;

export const health = signal<Health | null>(null);
export const tags = signal<TagCount[]>([]);

export async function loadHealth(): Promise<void> {
  health.value = await get<Health>("/api/health/detailed");
}

export async function loadTags(): Promise<void> {
  tags.value = (await get<{ tags: TagCount[] }>("/api/tags")).tags;
}

/** Whether a person chose a tag, rather than a program for its own use. */
export const isChosenTag = (tag: string): boolean => !MADE_BY_PROGRAMS.test(tag);

/** Looks at the health from now on, less often while nobody can see it. */
export function watchHealth(): void {
  const look = () => {
    if (document.visibilityState === "visible") loadHealth().catch(() => {});
  };
  setInterval(look, HEALTH_EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
