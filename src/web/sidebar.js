/**
 * The tags to narrow by, and the state of the service.
 *
 * @module
 */

import { call } from "./api.js";
import { byId, el } from "./dom.js";
import { fold } from "./fold.js";

/** Most tags shown at once. */
const MAX_TAGS = 100;

/** The list of tags; `onTag` is called when one is chosen or left. */
export function tagList(chosen, onTag) {
  let tags = [];
  const filter = byId("tag-filter");
  filter.addEventListener("input", show);

  function show() {
    const wanted = fold(filter.value.trim());
    const absent = [...chosen].filter((tag) => !tags.some((known) => known.tag === tag));
    const all = [...absent.map((tag) => ({ tag, count: 0 })), ...tags];
    // Chosen tags stay in sight, whatever the filter says.
    const matching = all.filter(({ tag }) => chosen.has(tag) || fold(tag).includes(wanted));
    matching.sort((a, b) => Number(chosen.has(b.tag)) - Number(chosen.has(a.tag)));
    byId("tags").replaceChildren(
      ...matching.slice(0, MAX_TAGS).map(({ tag, count }) => {
        const click = () => onTag(tag);
        const label = el("span", {}, tag);
        return el(
          "li",
          {},
          el("button", { class: "tag", "aria-pressed": String(chosen.has(tag)), click }, label, el("small", {}, count)),
        );
      }),
      ...(matching.length > MAX_TAGS ? [el("li", {}, `and ${matching.length - MAX_TAGS} more`)] : []),
      ...(all.length === 0 ? [el("li", { class: "muted" }, "No tags yet")] : []),
    );
  }

  return {
    show,
    load: async () => {
      ({ tags } = await call("GET", "/api/tags"));
      show();
    },
    names: () => tags.map(({ tag }) => tag),
  };
}

/** Shows how the service fares; gives what it said. */
export async function showHealth() {
  const [dot, text] = byId("health").children;
  try {
    const { status, parts, version, uptime_seconds, storage, embedding } = await call("GET", "/api/health/detailed");
    dot.className = `dot ${status}`;
    const count = storage.total_memories ?? 0;
    text.textContent = `${status} · ${count.toLocaleString("en")} ${count === 1 ? "memory" : "memories"}`;
    const fault = worst(parts);
    byId("health").title = fault === undefined ? "" : `${fault.message}. ${fault.action ?? ""}`;
    const { coverage, reembedding } = embedding;
    const facts = {
      Version: version,
      Up: duration(uptime_seconds),
      Store: `${storage.backend}, ${storage.status}`,
      Size: storage.database_size_mb === null ? null : `${storage.database_size_mb} MB`,
      Tags: storage.unique_tags,
      "This week": storage.memories_this_week,
      Model: `${embedding.model ?? "none"}, ${embedding.status.state}`,
      Vectors: coverage && `${coverage.embedded} of ${coverage.memories} memories`,
      "Re-embedding": reembedding && `${reembedding.done} of ${reembedding.total}`,
      ...(fault === undefined ? {} : { [`Fault: ${fault.name}`]: fault.message }),
    };
    byId("facts").replaceChildren(
      ...Object.entries(facts).filter(([, value]) => value !== null && value !== undefined)
        .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
    );
  } catch (error) {
    dot.className = "dot unhealthy";
    text.textContent = error.message;
  }
}

/** The part to mend first; undefined when none is broken. */
function worst(parts) {
  return ["unhealthy", "degraded"].map((state) => parts.find((part) => part.state === state)).find(Boolean);
}

function duration(seconds) {
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
