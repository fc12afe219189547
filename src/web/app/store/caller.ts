/**
 * Who the reader is to the service: what isn't allowed isn't shown.
 *
 * @module
 */

import { computed, signal } from "@preact/signals";
import { get } from "../api.ts";

/** The answer of `/api/whoami`. */
export interface Caller {
  name: string;
  kind: string;
  rights: "read" | "write" | "admin";
  space: string;
  reads: "all" | string[];
  may_write: "all" | string[];
  may_read: "all" | string[];
}

export const caller = signal<Caller | null>(null);

/** Whether the reader may store and change. While that isn't known yet nothing is held back: the service decides. */
export const mayWrite = computed(() => caller.value === null || caller.value.rights !== "read");
export const isAdmin = computed(() => caller.value === null || caller.value.rights === "admin");
/** Whether keys, grants and the audit log are the reader's to see. */
export const isAdminOfAll = computed(() => isAdmin.value && (caller.value?.may_write ?? "all") === "all");

export async function loadCaller(): Promise<void> {
  caller.value = await get<Caller>("/api/whoami");
}
