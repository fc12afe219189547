/**
 * Messages of OpenCode as its plugins get them, one a line as JSON: those of version 1 (`info` and `parts`) and of
 * version 2 (one object). There is no file of them: sessions lie in a database.
 *
 * @module
 */

import { secondsOf } from "./importer.ts";
import { callTurn, type SessionFormat, targetOf, wordsOf } from "./session_formats.ts";
import { listOf, objectOf, textOf } from "./values.ts";

type Fields = Record<string, unknown>;

/** Messages of OpenCode. */
export const OPENCODE: SessionFormat = {
  source: "opencode",
  begin(fileName, memory = { id: fileName.replace(/\.jsonl$/, ""), facts: {}, calls: {} }) {
    return {
      memory,
      line(line, number) {
        const info = objectOf(line.info) ?? line, id = textOf(info.id) ?? `${memory.id}:${number}`;
        const role = textOf(info.role) ?? textOf(info.type), model = objectOf(info.model);
        memory.after = id;
        if (role !== "user" && role !== "assistant") return role === undefined ? null : "records of the client";
        const text = textOf(info.text) ?? wordsOf(blocksOf(line).filter(isSaid), ["text"]);
        if (text.trim() === "") return callsIn(line).length > 0 ? "calls of tools" : "messages without text";
        return {
          id,
          role,
          text,
          at: createdAt(info),
          facts: {
            model: role === "user"
              ? undefined
              : textOf(info.modelID) ?? textOf(model?.modelID) ?? textOf(model?.id) ?? memory.model,
          },
        };
      },
      calls(line) {
        const at = createdAt(objectOf(line.info) ?? line);
        return callsIn(line).flatMap((part) => {
          const id = textOf(part.callID) ?? textOf(part.id), state = objectOf(part.state);
          const outcome = state?.status === "completed" ? "done" : state?.status === "error" ? "failed" : null;
          if (id === undefined || outcome === null) return [];
          const name = textOf(part.tool) ?? textOf(part.name) ?? "tool";
          return [callTurn(id, { name, target: targetOf(state?.input) }, outcome, at)];
        });
      },
    };
  },
};

/** Parts of a message, in either version. */
function blocksOf(line: Fields): Fields[] {
  return [...listOf(line.parts), ...listOf(line.content)].map(objectOf).filter((part) => part !== null);
}

const callsIn = (line: Fields) => blocksOf(line).filter(({ type }) => type === "tool");

/** Whether a part was said by its role: plugins and commands add others, such as the text of a file. */
const isSaid = ({ synthetic, ignored }: Fields) => synthetic !== true && ignored !== true;

const createdAt = (info: Fields) => secondsOf(objectOf(info.time)?.created);
