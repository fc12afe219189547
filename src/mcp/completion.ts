/**
 * Completing the arguments of prompts and resource templates: tags in use.
 *
 * @module
 */

import type { Runtime } from "../operations/runtime.ts";
import { suggestTags } from "../operations/suggest_tags.ts";

/** Most values in one answer, as the protocol has it. */
const MAX_VALUES = 100;

/** Values for an argument that begin with what was typed; none for arguments that aren't tags. */
export async function complete(runtime: Runtime, argument: { name: string; value: string }) {
  if (argument.name !== "tag") return { values: [], total: 0, hasMore: false };
  const { tags } = await suggestTags(runtime, { prefix: argument.value.slice(0, 256), limit: MAX_VALUES });
  return { values: tags.map(({ tag }) => tag), hasMore: tags.length === MAX_VALUES };
}
