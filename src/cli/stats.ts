/**
 * `stats`: figures about the store.
 *
 * @module
 */

import type { Command } from "commander";
import type { ListOutput } from "../operations/list.ts";
import type { TrashOutput } from "../operations/trash.ts";
import { type ClientContext, examples, megabytes, paint, show } from "./context.ts";
import { NoStore, type Service, withService } from "./remote.ts";

/** Tags and types that are listed. */
const LISTED = 10;

/** What is used of the service's health. */
interface Health {
  storage: {
    backend: string;
    total_memories: number | null;
    unique_tags: number | null;
    database_size_bytes: number | null;
    details: Record<string, unknown> | null;
  };
  embedding: { coverage: { active: { name: string } | null; embedded: number } | null };
}

/** Adds the command. */
export function addStats(program: Command, context: ClientContext): void {
  program.command("stats").description("figures about the store").option("--json", "print them as JSON")
    .addHelpText("after", examples(["stats", "stats --json"]))
    .action(({ json }: { json?: boolean }) => runStats(context, json));
}

async function runStats(context: ClientContext, json: boolean | undefined): Promise<void> {
  let facts: Awaited<ReturnType<typeof figures>>;
  try {
    facts = await withService(context, {}, figures);
  } catch (error) {
    if (!(error instanceof NoStore)) throw error;
    return show(context, json, { total_memories: 0, notice: error.message }, () => [error.message]);
  }
  const day = (time: number | null) => time === null ? "-" : new Date(time * 1000).toISOString().slice(0, 10);
  const counts = (list: { value: string; count: number }[]) =>
    list.map(({ value, count }) => `${value} ${count}`).join(", ") || "-";
  show(context, json, facts, () => [
    `Store     ${facts.backend} ${facts.details.path ?? facts.details.url ?? ""}`.trimEnd(),
    `Memories  ${facts.total_memories}, from ${day(facts.oldest)} to ${day(facts.newest)}`,
    `Trash     ${facts.trashed}`,
    `Vectors   ${facts.embedded} by ${facts.model ?? "no model yet"}`,
    `Tags      ${facts.unique_tags}: ${counts(facts.tags)}`,
    `Types     ${counts(facts.types)}`,
    ...facts.size_bytes === null ? [] : [`Size      ${megabytes(facts.size_bytes)}`],
    ...facts.service === null ? [] : [paint(context, "dim", `By the service on ${facts.service}`)],
  ]);
}

async function figures(service: Service) {
  const newest = { page_size: 1, include_superseded: true };
  const [last, first, { storage, embedding }, { tags }, { types }, trash] = await Promise.all([
    service.call<ListOutput>("listMemories", newest),
    service.call<ListOutput>("listMemories", { ...newest, order: "time" }),
    service.call<Health>("detailedHealth"),
    service.call<{ tags: { tag: string; count: number }[] }>("listTags"),
    service.call<{ types: { memory_type: string; count: number }[] }>("memoryTypes"),
    service.call<TrashOutput>("listTrash", { page_size: 1 }),
  ]);
  return {
    service: service.url,
    backend: storage.backend,
    details: storage.details ?? {},
    total_memories: storage.total_memories ?? last.total,
    unique_tags: storage.unique_tags ?? tags.length,
    size_bytes: storage.database_size_bytes,
    trashed: trash.total,
    embedded: embedding.coverage?.embedded ?? 0,
    model: embedding.coverage?.active?.name ?? null,
    oldest: first.memories[0]?.created_at ?? null,
    newest: last.memories[0]?.created_at ?? null,
    tags: tags.slice(0, LISTED).map(({ tag, count }) => ({ value: tag, count })),
    types: types.slice(0, LISTED).map(({ memory_type, count }) => ({ value: memory_type, count })),
  };
}
