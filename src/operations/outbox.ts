/**
 * What an outbox means to the operations: how queued writes are reported, and what is published once they were made.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { MayQueue } from "../storage/contract/memories.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { MadeWrite, OutboxListener } from "../storage/outbox/outbox.ts";
import { deletedEvents, type Draft, storedEvents, updatedEvents } from "./event_types.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

export type { OutboxContents } from "../storage/outbox/outbox.ts";

/** For writes whose answers can say `queued`. */
export const MAY_QUEUE: MayQueue = { mayQueue: true };

/** Why an answer says `queued`, for the end of its message. */
export const WHEN_BACK = "the store is away; it is done when the store is back";

/** Whether a failed read must not keep a write from the outbox. */
export function isOutageWithOutbox({ capabilities }: MemoryStorage, error: unknown): boolean {
  return capabilities.outbox !== undefined && error instanceof MemoryError && error.code === "unavailable";
}

/** Begins to hand queued writes on, and publishes what they changed as if it were done now. */
export function startOutbox(runtime: Runtime, log: Logger): void {
  runtime.storage.capabilities.outbox?.start(listenerOf(runtime, log));
}

function listenerOf(runtime: Runtime, log: Logger): OutboxListener {
  let made = 0;
  return {
    waiting: (reason) => log.warning(`${reason}; writes wait in the outbox`),
    made: (writes) => {
      made += writes.length;
      const changed = writes.filter((write) => write.changed);
      runtime.events.publish(...changed.flatMap(eventsOf));
      for (const write of changed) tell(runtime, write);
    },
    setAside: (write, reason) => {
      const hash = write.kind === "store" ? write.memory.content_hash : write.hash;
      log.error(`Cannot make the queued ${write.kind} of memory ${hash}, which is set aside: ${reason}`);
    },
    empty: () => {
      log.info(`The outbox is empty: ${made} queued writes were made`);
      made = 0;
    },
  };
}

function eventsOf({ write, memory }: MadeWrite): Draft[] {
  if (write.kind === "store") return storedEvents([write.memory]);
  if (write.kind === "update") return updatedEvents(memory === null ? [] : [memory], fieldsOf(write.patch));
  return deletedEvents([write.hash]);
}

function tell({ activity }: Runtime, { write }: MadeWrite): void {
  if (write.kind === "store") activity.changed("store", [write.memory.content_hash], "queued");
  else if (write.kind === "update") activity.changed("update", [write.hash], fieldsOf(write.patch).join(", "));
  else activity.changed(write.kind, [write.hash], write.kind === "trash" ? write.trashing.reason : "deleted");
}

const fieldsOf = (patch: object) => [...new Set(Object.keys(patch).map((key) => key.replace(/^(add|remove)_/, "")))];
