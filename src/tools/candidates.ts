/**
 * The tool for candidates: sentences of earlier sessions that may be worth keeping.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { countOf } from "../memory/compact.ts";
import { fact, framed } from "../memory/framing.ts";
import { Content, MemoryType } from "../memory/schemas.ts";
import { fit, MaxTokens } from "../memory/sizing.ts";
import {
  candidates,
  CandidatesInput,
  CandidatesOutput,
  resolveCandidate,
  ResolveCandidateOutput,
} from "../operations/candidates.ts";
import { NewTags } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const candidatesTool = defineTool({
  name: "memory_candidates",
  title: "Keep or drop what was said",
  description:
    "Sentences of past sessions that may be worth keeping: list them; confirm one by id to store it, edit it to " +
    "store content instead, or drop it.",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    action: z.enum(["list", "confirm", "edit", "drop"]).default("list"),
    id: z.string().max(100).optional(),
    content: Content.optional().describe("For edit."),
    tags: NewTags.default([]).describe("Labels of the memory."),
    memory_type: MemoryType.optional(),
    limit: CandidatesInput.shape.limit,
    created_before: CandidatesInput.shape.created_before,
    max_tokens: MaxTokens.optional(),
  }),
  output: z.object({
    ...CandidatesOutput.partial().shape,
    ...ResolveCandidateOutput.partial().shape,
    omitted: z.int().optional(),
  }),
  listed: ["action", "id", "content"],
  strict: true,
  async run(runtime, { action, id, limit, created_before, max_tokens, content, tags, memory_type }) {
    if (action === "list") {
      const { candidates: all, ...found } = await candidates(runtime, { limit, scan: 500, created_before });
      const { items, omitted } = fit(all.map((candidate) => [() => candidate]), max_tokens);
      return { candidates: items, ...found, ...omitted > 0 ? { omitted } : {} };
    }
    if (id === undefined) {
      throw new MemoryError("invalid_input", `Cannot run memory_candidates: id is required to ${action}`, {
        field: "id",
      });
    }
    return await resolveCandidate(runtime, { id: id.trim().toLowerCase(), action, content, tags, memory_type });
  },
  compact({ candidates: found, message = "", content_hash, omitted }, short) {
    if (found === undefined) return content_hash ? `${message}; id ${short(content_hash)}` : message;
    const head = found.length === 0 ? "No candidates" : countOf(found.length, "candidate");
    return framed(
      omitted ? `${head}; ${omitted} omitted to keep within max_tokens` : head,
      found.map(({ id, kind, text, role, created_at_iso }) => ({
        facts: [`candidate ${id}`, created_at_iso.slice(0, 10), kind, role && `by ${fact(role)}`].filter(Boolean).join(
          " ",
        ),
        parts: [{ text }],
      })),
    );
  },
});
