/**
 * What happens, as it happens.
 *
 * @module
 */

import { followEvents } from "./api.js";
import { byId, el } from "./dom.js";

const MAX_SHOWN = 50;
/** Milliseconds in which several changes lead to one reload. */
const GATHER_MS = 500;

/** What each event is called, and which of its fields tells what it is about. */
const TEXTS = {
  memory_stored: ["Stored", "content_preview"],
  memory_updated: ["Changed", "content_preview"],
  memory_deleted: ["Deleted", "content_hash"],
  memories_changed: ["Many", "message"],
  search_completed: ["Searched", "query"],
  upload_progress: ["Document", "message"],
  reembedding_progress: ["Model", "message"],
  events_missed: ["Missed", "message"],
};

/** Shows events; calls `onChange` when memories changed. */
export function followLive(onChange) {
  const list = byId("events"), state = byId("live-state");
  let timer;
  const show = (label, text, at) => {
    const item = el("li", {}, el("strong", {}, label), " ", el("span", {}, text), " ", el("time", {}, clock(at)));
    list.prepend(item);
    while (list.children.length > MAX_SHOWN) list.lastElementChild.remove();
  };
  followEvents((type, data) => {
    const [label, field] = TEXTS[type] ?? [];
    if (label === undefined) return;
    const text = String(data[field] ?? "");
    show(label, type === "memory_deleted" ? `${text.slice(0, 12)}…` : text, data.timestamp);
    if (!/^(memory_|memories_|events_missed)/.test(type)) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, GATHER_MS);
  }, (word) => {
    state.textContent = word;
    state.className = word;
  });
}

function clock(timestamp) {
  return new Date(timestamp).toLocaleTimeString("en-GB");
}
