/**
 * Runtimes of commands that work on the store itself, in the spaces that are chosen.
 *
 * @module
 */

import { localCaller, scopeOf } from "../access/caller.ts";
import { callerRuntime } from "../operations/caller_runtime.ts";
import type { Runtime, ServiceRuntime } from "../operations/runtime.ts";
import type { CliContext } from "./context.ts";

/** The runtime in the chosen spaces; as it is, over the whole store, where none are chosen. */
export function chosen(context: CliContext, runtime: ServiceRuntime): Runtime {
  const { spaces } = context.reach();
  return spaces === null ? runtime : callerRuntime(runtime, localCaller("cli", scopeOf(spaces)));
}
