/**
 * The dashboard: puts the parts together.
 *
 * @module
 */

import { askForKey, hasKey } from "./api.js";
import { byId, el } from "./dom.js";
import { deleteMemory, editMemory, storeMemory } from "./editor.js";
import { memoryList } from "./list.js";
import { followLive } from "./live.js";
import { orNotify } from "./notices.js";
import { showHealth, tagList } from "./sidebar.js";
import { initTheme } from "./theme.js";

const HEALTH_EVERY_MS = 15_000;
const TYPES = ["note", "decision", "preference", "reference", "task", "document"];

const list = memoryList({
  onEdit: async (memory) => {
    if (await editMemory(memory, tags.names())) refresh();
  },
  onDelete: (memory) => deleteMemory(memory, refresh),
  onTag: toggleTag,
});
const tags = tagList(list.chosen, toggleTag);

function toggleTag(tag) {
  if (!list.chosen.delete(tag)) list.chosen.add(tag);
  tags.show();
  list.load();
}

/** Shows everything again, on the same page. */
function refresh() {
  return Promise.all([list.reload(), orNotify(tags.load), showHealth()]);
}

async function store() {
  if (await storeMemory(tags.names(), [...list.chosen])) refresh();
}

byId("types").append(...TYPES.map((type) => el("option", { value: type })));
byId("new").addEventListener("click", store);
byId("key").hidden = !hasKey();
byId("key").addEventListener("click", async () => {
  if (await askForKey()) refresh();
});
const form = byId("search");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  list.load();
});
form.addEventListener("change", (event) => {
  if (event.target.id !== "query") list.load();
});
// Emptying the field with its own button sends no submit.
byId("query").addEventListener("input", (event) => {
  if (event.target.value === "") list.load();
});
form.addEventListener("reset", () =>
  setTimeout(() => {
    list.chosen.clear();
    tags.show();
    list.load();
  }));
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const run = { "/": () => byId("query").focus(), n: store }[event.key];
  if (!run) return;
  event.preventDefault();
  run();
});
initTheme(byId("theme"));
// On a phone the tags would push the memories off the screen.
if (matchMedia("(max-width: 50rem)").matches) {
  for (const details of document.querySelectorAll("aside > details")) details.open = false;
}

await refresh();
followLive(() => {
  // Repeating a search on every change would cost each watcher a run of the model.
  if (byId("query").value.trim() === "") return refresh();
  return Promise.all([orNotify(tags.load), showHealth()]);
});
setInterval(showHealth, HEALTH_EVERY_MS);
document.documentElement.dataset.ready = "true";
