/**
 * Transcripts of Cursor, line by line as JSON: `agent-transcripts/*.jsonl`, without ids, times and outcomes of tools.
 *
 * @module
 */

import { callTurn, emptyReason, isInjected, type SessionFormat, targetOf, wordsOf } from "./session_formats.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** What stands around the user's own words. */
const OPEN = "<user_query>", CLOSE = "</user_query>";
/** Blocks of the client's own in the user's place. */
const TAGS = [
  ...["timestamp", "attached_files", "open_and_recently_viewed_files", "system_reminder", "user_info", "rules"],
  ...["git_status", "project_layout", "agent_transcripts", "system_notification"],
];

/** Transcripts of Cursor's editor and of its command line. */
export const CURSOR: SessionFormat = {
  source: "cursor",
  untimed: true,
  begin(fileName, memory = { id: fileName.replace(/\.jsonl$/, ""), facts: {}, calls: {} }) {
    let number = 0;
    return {
      memory,
      line(line, at) {
        number = at;
        const { role } = line;
        if (role !== "user" && role !== "assistant") return typeof role === "string" ? "records of the client" : null;
        const content = objectOf(line.message)?.content, text = wordsOf(content, ["text"]);
        const words = role === "user" ? ownWords(text) : text;
        if (words.trim() === "") return text.trim() === "" ? emptyReason(content) : "records of the client";
        return { id: `${memory.id}:${number}`, role, text: words, at: undefined };
      },
      calls(line) {
        return listOf(objectOf(line.message)?.content).map(objectOf).flatMap((block, i) => {
          if (block?.type !== "tool_use") return [];
          const id = textOf(block.id) ?? `${memory.id}:${number}:${i}`;
          return [callTurn(id, { name: textOf(block.name) ?? "tool", target: targetOf(block.input) }, null, undefined)];
        });
      },
    };
  },
};

/** What the user wrote, without what the client puts around it. */
function ownWords(text: string): string {
  const open = text.indexOf(OPEN);
  if (open < 0) return isInjected(text, TAGS) ? "" : text;
  const start = open + OPEN.length, close = text.lastIndexOf(CLOSE);
  return text.slice(start, close < start ? text.length : close).trim();
}
