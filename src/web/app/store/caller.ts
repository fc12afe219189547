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
/** Whether keys, spaces, backups, logs and the audit log are the reader's to see; not before that is known. */
export const isAdminOfAll = computed(() => caller.value?.rights === "admin" && caller.value.may_write === "all");
/** Whether what is measured of the whole process is the reader's to see. */
export const readsAll = computed(() => caller.value?.may_read === "all");

export async function loadCaller(): Promise<void> {
  caller.value = await get<Caller>("/api/whoami");
}
