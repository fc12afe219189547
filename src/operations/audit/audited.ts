/**
 * Notes what a caller's operation did. Each surface uses it at one point, around the operation: the REST server around a
 * request, MCP around a tool call, the command line around a command.
 *
 * @module
 */

import { type Caller, includes, type Right } from "../../access/caller.ts";
import { type ErrorCode, MemoryError } from "../../errors.ts";
import type { Change } from "../activity.ts";
import type { Runtime } from "../runtime.ts";
import type { AuditLog } from "./log.ts";
import type { AuditCaller, AuditDraft } from "./entry.ts";

/** What is noted when an operation has ended. */
export interface AuditedEnd {
  /** operationId, name of the tool, or command. */
  action: string;
  /** What it needs. */
  right: Right;
  /** `ok`, or the code of the error. */
  outcome: string;
  request?: string | undefined;
  detail?: string | undefined;
}

/** An operation that is watched. */
export interface AuditedCall {
  /** For the operation: what it changes through this is noted. */
  readonly runtime: Runtime;
  /**
   * Notes the operation, where it needs more than reading or changed something, once for each space that it changed. What
   * it changes later, such as a document that is still being read, becomes an entry of its own.
   */
  end(end: AuditedEnd): void;
}

/** Watches an operation of the runtime's caller. */
export function audited(runtime: Runtime): AuditedCall {
  const { audit, caller } = runtime, changed = new Map<string, { hashes: string[]; count: number }>();
  let ended: AuditedEnd | null = null, about: string | undefined;
  const note = (
    { action, outcome, request, detail = about }: AuditedEnd,
    space: string,
    { hashes, count }: { hashes: readonly string[]; count: number },
  ) => {
    const draft: AuditDraft = {
      caller: auditCaller(caller),
      channel: caller.channel,
      action,
      space,
      hashes,
      count,
      outcome,
      request,
      detail,
    };
    if (outcome === "refused" && count === 0) audit.refused(draft);
    else audit.note(draft);
  };
  const onChange = ({ space, content_hashes: hashes, count }: Change) => {
    if (ended !== null) return note({ ...ended, outcome: "ok" }, space, { hashes, count });
    if (count === 0) return;
    const known = changed.get(space) ?? { hashes: [], count: 0 };
    known.hashes.push(...hashes);
    known.count += count;
    changed.set(space, known);
  };
  const onDescribe = (what: string) => about = what;
  /** Also where it works in others of the caller's spaces. */
  const watched = (runtime: Runtime): Runtime => {
    const { activity, inSpaces } = runtime;
    return {
      ...runtime,
      activity: activity.within({ scope: runtime.caller.scope, onChange, onDescribe }),
      ...inSpaces === undefined ? {} : {
        inSpaces: (names) => {
          const found = inSpaces(names);
          return found && watched(found);
        },
      },
    };
  };
  return {
    runtime: watched(runtime),
    end: (end) => {
      if (ended !== null) return;
      ended = end;
      for (const [space, what] of changed) note(end, space, what);
      if (changed.size === 0 && includes(end.right, "write")) note(end, caller.scope.write, { hashes: [], count: 0 });
    },
  };
}

/** Notes what the service changes by itself: background work, writes that waited in the outbox. */
export function noteByItself(audit: AuditLog): (change: Change) => void {
  return ({ operation, space, content_hashes, count, detail }) =>
    audit.note({
      caller: { name: null, kind: null },
      channel: "service",
      action: operation,
      space,
      hashes: content_hashes,
      count,
      outcome: "ok",
      // Other details hold names of tags.
      ...detail === "expired" ? { detail } : {},
    });
}

/** The part of a caller that is kept. */
export function auditCaller({ name, kind, address, client }: Caller): AuditCaller {
  return { name, kind, address, client };
}

/** The outcome of what threw this. */
export function outcomeOfError(error: unknown): ErrorCode {
  return error instanceof MemoryError ? error.code : "internal";
}
