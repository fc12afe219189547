/**
 * The memories on the screen: a search's results, or the newest.
 *
 * @module
 */

import { call } from "./api.js";
import { memoryCard } from "./card.js";
import { byId, el } from "./dom.js";

const PAGE_SIZE = 20;
/** What a question's words did to the order. */
const ORDERED = { now: "Newer before older", before: "Older before newer", order: "The best ones oldest first" };
const form = byId("search"), cards = byId("memories"), summary = byId("summary"), pages = byId("pages");

/** The list; `load` shows it again, `chosen` are the tags it is narrowed to. */
export function memoryList({ onEdit, onDelete, onTag }) {
  const chosen = new Set(), expanded = new Set();
  let page = 1, loading = 0;

  async function load(toPage = 1) {
    const turn = ++loading;
    page = toPage;
    cards.setAttribute("aria-busy", "true");
    try {
      const found = await fetchPage(readForm(), chosen, page);
      // A later load has overtaken this one.
      if (turn === loading) show(found);
    } catch (error) {
      if (turn !== loading) return;
      cards.replaceChildren();
      pages.replaceChildren();
      summary.textContent = error.message;
    } finally {
      if (turn === loading) cards.removeAttribute("aria-busy");
    }
  }

  function show({ items, total, query, notice }) {
    const focused = document.activeElement?.closest?.("[data-hash]")?.dataset.hash;
    const action = document.activeElement?.dataset?.action;
    const onExpand = (hash) => {
      expanded.add(hash);
      show({ items, total, query, notice });
    };
    const handlers = { words: wordsOf(query), expanded, onTag, onEdit, onDelete, onExpand };
    cards.replaceChildren(...items.map(({ memory, hit }) => memoryCard(memory, hit, handlers)));
    if (focused) {
      const card = cards.querySelector(`[data-hash="${CSS.escape(focused)}"]`);
      (card?.querySelector(`[data-action="${CSS.escape(action ?? "edit")}"]`) ?? byId("results")).focus();
    }
    summary.textContent = describe(items.length, total, query, chosen) + (notice ? ` ${notice}.` : "");
    showPages(total);
  }

  function describe(count, total, query, tags) {
    const narrowed = tags.size > 0 || query !== "" || hasFilters();
    if (total === 0) {
      return narrowed
        ? "Nothing found."
        : "Nothing is stored yet. What your agents store appears here; try New memory.";
    }
    const first = (page - 1) * PAGE_SIZE + 1;
    const range = total <= PAGE_SIZE ? String(total) : `${first}–${first + count - 1} of ${total.toLocaleString("en")}`;
    return `${range} ${total === 1 ? "memory" : "memories"}, ${query === "" ? "newest" : "best"} first`;
  }

  function showPages(total) {
    const last = Math.ceil(total / PAGE_SIZE);
    const go = (to) => async () => {
      await load(to);
      scrollTo({ top: 0 });
      byId("results").focus();
    };
    pages.replaceChildren(
      ...(last < 2 ? [] : [
        el("button", { disabled: page <= 1, click: go(page - 1) }, "Previous"),
        el("span", {}, `Page ${page} of ${last}`),
        el("button", { disabled: page >= last, click: go(page + 1) }, "Next"),
      ]),
    );
  }

  return { load, reload: () => load(page), chosen };
}

function readForm() {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
}

function hasFilters() {
  const { memory_type, from, to } = readForm();
  return Boolean(memory_type || from || to);
}

/** A day as the user's calendar has it, in Unix seconds. */
function dayStart(date, plusDays = 0) {
  const [year, month, day] = date.split("-").map(Number);
  return new Date(year, month - 1, day + plusDays).getTime() / 1000;
}

async function fetchPage({ query, mode, memory_type, from, to, match_all }, tags, page) {
  const filter = {
    page,
    page_size: PAGE_SIZE,
    ...(memory_type ? { memory_type } : {}),
    ...(from ? { created_after: dayStart(from) } : {}),
    ...(to ? { created_before: dayStart(to, 1) } : {}),
    ...(match_all ? { match_all: true } : {}),
  };
  if (query === "") {
    const parameters = new URLSearchParams(filter);
    tags.forEach((tag) => parameters.append("tag", tag));
    const { memories, total } = await call("GET", "/api/memories", { query: parameters });
    return { items: memories.map((memory) => ({ memory, hit: null })), total, query, notice: null };
  }
  const body = { query, mode, ...filter, tags: [...tags], exchanges: true };
  const { results, pagination, notice, relevant, temporal_intent } = await call("POST", "/api/search", { body });
  const { total } = pagination, weak = relevant !== undefined && relevant < total;
  const ends = relevant === 0 ? "None is likely what was asked for" : `${relevant} relevant, the others are weak`;
  const said = [notice, weak && total > 0 ? ends : null, ORDERED[temporal_intent]].filter(Boolean).join("; ");
  return { items: results.map((hit) => ({ memory: hit.memory, hit })), total, query, notice: said || null };
}

/** The words of a query that are worth marking. */
function wordsOf(query) {
  return [...new Set(query.match(/[\p{L}\p{M}\p{N}]{3,}/gu) ?? [])].slice(0, 20).sort((a, b) => b.length - a.length);
}
