/**
 * Whose words a memory holds in a conversation with an assistant: those of the user, of the assistant, or of what
 * works for it.
 *
 * @module
 */

import { z } from "zod";

/** Roles, as chat APIs name them. */
export const ROLES = ["user", "assistant", "system", "tool"] as const;

export const Role = z.enum(ROLES).describe(
  "Whose words a memory holds: from metadata.role, or from a label at its head such as `User: `.",
);
export type Role = z.infer<typeof Role>;

/** Names of roles in APIs and exported chats, in lower case. */
const NAMES: ReadonlyMap<string, Role> = new Map([
  ...["user", "human"].map((name) => [name, "user"] as const),
  ...["assistant", "ai", "bot", "model"].map((name) => [name, "assistant"] as const),
  ...["system", "developer"].map((name) => [name, "system"] as const),
  ...["tool", "function"].map((name) => [name, "tool"] as const),
]);

/** A word at the head, in bold type or as a heading too, with a colon. No name of a role is longer than 16. */
const LABEL = /^\s{0,8}[#*_\[]{0,4} ?([A-Za-z]{2,16})[\]*_]{0,4}[:：]/u;

/** The role that a label at the head of a text names; null without one. */
export function labelledRole(content: string): Role | null {
  const label = LABEL.exec(content)?.[1];
  return label === undefined ? null : NAMES.get(label.toLowerCase()) ?? null;
}

/** Index at which a text begins behind a label that names a role; 0 without one. */
export function labelEnd(content: string): number {
  if (labelledRole(content) === null) return 0;
  const end = LABEL.exec(content)![0].length;
  return end + (content.length - end - content.slice(end).trimStart().length);
}

/** The role that metadata name; null where they name none. */
export function metadataRole({ role }: { readonly role?: unknown }): Role | null {
  return typeof role === "string" ? NAMES.get(role.trim().toLowerCase()) ?? null : null;
}

/** A memory's role: metadata go before the label. */
export function roleOf({ content, metadata }: { content: string; metadata: { readonly role?: unknown } }): Role | null {
  return metadataRole(metadata) ?? labelledRole(content);
}

/** A user asks for an earlier answer. `Can you tell me` asks for an answer now, and not for one that was given. */
const TOLD = new RegExp(
  "(?<!\\b(?:can|could|will|would|should|may|might) )\\byou(?:['’]ve| have| had)? " +
    "(?:recommend|suggest|advise|propose|explain|say|said|tell|told|outline|describe|mention|answer|write|wrote|give|gave)",
  "i",
);

/** Whether a query asks for what an assistant said, as in "What did you recommend for the schema?". */
export function asksAssistant(query: string): boolean {
  return TOLD.test(query);
}
