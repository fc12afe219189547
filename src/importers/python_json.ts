/**
 * The JSON export of the Python mcp-memory-service: facts about the export, and a list of memories.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry, type ImporterOptions, secondsOf, tagsOf } from "./importer.ts";
import { readText } from "./text_file.ts";
import { contentOf, metadataOf, parsePythonJson, storeIn } from "./python.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** Each memory of an export. */
export async function* readPythonJson(path: string, { ownersBy }: ImporterOptions = {}): AsyncGenerator<Entry> {
  const { text, notes } = await readText(path), read = parsePythonJson(text);
  yield* notes;
  const value = "value" in read ? objectOf(read.value) : null;
  if (value === null || !Array.isArray(value.memories)) {
    throw new MemoryError(
      "invalid_input",
      `Cannot import "${path}": ${"fault" in read ? read.fault : "it holds no list of memories"}`,
      { value: path },
    );
  }
  for (const [index, given] of listOf(value.memories).entries()) {
    const place = `Item ${index + 1}`, item = objectOf(given);
    if (item === null || typeof item.content !== "string") {
      yield { place, fault: "Cannot import it: it has no text under `content`" };
      continue;
    }
    const { content, hash, note } = contentOf(item.content, textOf(item.content_hash));
    const metadata = metadataOf(item.metadata), conversation = metadata.conversation_id;
    const memory = entry(place, {
      kind: "memory",
      content,
      content_hash: hash,
      tags: tagsOf(item.tags),
      memory_type: textOf(item.memory_type) ?? null,
      metadata,
      conversation_id: textOf(conversation) ?? null,
      created_at: secondsOf(item.created_at) ?? secondsOf(item.created_at_iso),
      updated_at: secondsOf(item.updated_at) ?? secondsOf(item.updated_at_iso),
    });
    const owner = ownersBy === undefined ? undefined : storeIn(item);
    yield { ...memory, owner, ...note === undefined ? {} : { note } };
  }
}
