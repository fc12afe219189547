/**
 * Notes commands in the audit log: those that change the store or take everything out of it.
 *
 * @module
 */

import { includes, localCaller, type Right } from "../access/caller.ts";
import { auditCaller, audited, type AuditedCall, outcomeOfError } from "../operations/audit/audited.ts";
import { openAuditLog } from "../operations/audit/log.ts";
import { CLIENT_COMMANDS } from "./client_names.ts";
import type { CliContext } from "./context.ts";

/** What each command would need, were it called from elsewhere. Commands are the user's who owns the data folder. */
export const COMMANDS: Readonly<Record<string, Right>> = {
  ...of("read", [
    "unified",
    "http",
    "mcp",
    "stdio",
    "completion",
    "version",
    "connect",
    "config",
    "doctor",
    "stats",
    "demo",
  ]),
  ...of("read", ["search", "list", "get", "briefing", "audit", "audit verify", "backup list", "backup verify"]),
  ...of("read", ["outbox", "outbox list", "grants", "keys", "spaces"]),
  ...of("read", ["similar", "duplicates", "trash", "trash list", "relations", "relations list", "review"]),
  ...of("read", ["tags", "tags list", "conversations", "candidates", "candidates list"]),
  ...of("write", ["tags rename", "candidates keep", "candidates drop"]),
  ...of("read", ["documents", "documents list", "events", "open", "login", "logout"]),
  ...of("write", ["store", "edit", "tag", "delete", "merge", "supersede", "trash restore", "trash empty"]),
  ...of("write", ["relations add", "relations remove", "documents add", "documents remove"]),
  // What a hook stores, the service notes.
  ...of("read", ["service", "service install", "service status", "service logs", "service remove"]),
  ...of("read", ["hook", "hook run", "hook status", "hook pause", "hook resume", "hook redact", "project"]),
  ...of("write", ["hook forget"]),
  ...of("read", ["hook ignore", "hook ignore list", "hook ignore add", "hook ignore remove"]),
  ...of("admin", ["export", "import", "copy", "upgrade", "backup", "restore", "model", "reembed", "optimize"]),
  ...of("admin", ["outbox retry", "outbox drop", "grants list", "grants revoke"]),
  ...of("admin", ["keys create", "keys list", "keys rotate", "keys revoke"]),
  ...of("admin", ["spaces list", "spaces create", "spaces rename", "spaces move", "spaces merge", "spaces export"]),
  ...of("admin", ["spaces delete"]),
};

function of(right: Right, names: readonly string[]): Record<string, Right> {
  return Object.fromEntries(names.map((name) => [name, right]));
}

/** A command line whose commands are noted. */
export interface AuditedCommands {
  /** For the commands: what they change through its runtime is noted. */
  readonly context: CliContext;
  /** A command begins. @param name Words without the program's, such as `backup list`. */
  begin(name: string): void;
  /** It has ended. Never throws. @param error What it threw. */
  end(error?: unknown): void;
}

/** Watches the commands of a context. */
export function auditedCommands(given: CliContext): AuditedCommands {
  let name: string | null = null, call: AuditedCall | null = null, notedElsewhere = false;
  const context: CliContext = {
    ...given,
    openRuntime: async (config) => {
      const runtime = await given.openRuntime(config);
      call = audited(runtime);
      return { ...runtime, activity: call.runtime.activity };
    },
  };
  return {
    context,
    begin: (words) => {
      name = words;
      // Operations note what they do.
      notedElsewhere = Object.hasOwn(CLIENT_COMMANDS, words.split(" ")[0]!);
    },
    end: (error) => {
      if (notedElsewhere) return;
      const right = name === null ? "read" : COMMANDS[name] ?? "admin";
      if (name === null || !(includes(right, "write") || call !== null)) return;
      const outcome = error === undefined ? "ok" : outcomeOf(error);
      try {
        // The log of the runtime, which is closed by now, takes entries all the same.
        if (call !== null) return call.end({ action: name, right, outcome });
        const { audit } = given.config(), caller = localCaller("cli");
        if (audit === null) return;
        const log = openAuditLog(audit);
        log.note({ caller: auditCaller(caller), channel: "cli", action: name, space: caller.scope.write, outcome });
        log.close();
      } catch {
        // Settings that can't be used; the command said so.
      }
    },
  };
}

/** A command that said itself what is wrong throws `Failed`, one that was stopped `Stopped`. */
function outcomeOf(error: unknown): string {
  if (error instanceof Error && (error.name === "Failed" || error.name === "Stopped")) return error.name.toLowerCase();
  return outcomeOfError(error);
}
