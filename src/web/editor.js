/**
 * The dialogs that store, change and delete a memory.
 *
 * @module
 */

import { call } from "./api.js";
import { ask, el, field } from "./dom.js";
import { notify, orNotify } from "./notices.js";
import { tagField } from "./tag_field.js";

const typeInput = (value) => el("input", { list: "types", maxlength: "256", value, placeholder: "none" });

/** Asks for a new memory and stores it; true when something was stored. */
export async function storeMemory(knownTags, chosenTags) {
  const content = el("textarea", { rows: "6", required: true, autofocus: true });
  const tags = tagField(chosenTags, knownTags);
  const type = typeInput("");
  const answer = await ask("New memory", [
    field("What to remember", content, "One fact, decision or preference reads best."),
    tags.element,
    field("Type", type),
  ], {
    action: "Store",
    read: () => ({ content: content.value, tags: tags.tags(), memory_type: type.value.trim() || null }),
    check: async (body) => {
      const { success, message } = await call("POST", "/api/memories", { body });
      if (!success) throw new Error(message);
    },
  });
  if (answer !== null) notify("Stored");
  return answer !== null;
}

/** Asks for new tags and type; true when something changed. The content stays: other content is another memory. */
export async function editMemory(memory, knownTags) {
  const tags = tagField(memory.tags, knownTags, { autofocus: true });
  const type = typeInput(memory.memory_type ?? "");
  const answer = await ask("Edit memory", [
    el("blockquote", {}, shortened(memory.content, 300)),
    tags.element,
    field("Type", type),
  ], {
    action: "Save",
    read: () => ({ tags: tags.tags(), memory_type: type.value.trim() }),
    check: (body) => call("PUT", `/api/memories/${memory.content_hash}`, { body }),
  });
  if (answer !== null) notify("Saved");
  return answer !== null;
}

/** Asks, then deletes; a memory that went to the trash can be taken back from the message that says so. */
export async function deleteMemory(memory, onChange) {
  let answer;
  const sure = await ask("Delete this memory?", [el("blockquote", {}, shortened(memory.content, 300))], {
    action: "Delete",
    danger: true,
    check: async () => {
      answer = await call("DELETE", `/api/memories/${memory.content_hash}`);
    },
  });
  if (sure === null) return;
  onChange();
  const text = `Deleted “${shortened(memory.content, 40)}”`;
  if (!answer.restorable_until) return notify(text);
  const undo = async () => {
    await call("POST", "/api/manage/trash/restore", { body: { content_hashes: [memory.content_hash] } });
    notify("Restored");
    onChange();
  };
  notify(text, ["Undo", () => orNotify(undo)]);
}

function shortened(text, length) {
  return text.length > length ? `${text.slice(0, length).trimEnd()}…` : text;
}
