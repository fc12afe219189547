/**
 * Memories: listed, searched, narrowed, and changed many at once.
 *
 * @module
 */

import { useEffect } from "preact/hooks";
import { useData } from "../data.ts";
import { wordsOf } from "../fold.ts";
import { BulkBar } from "../parts/bulk_bar.tsx";
import { Heading, News, Pager, Waiting } from "../parts/common.tsx";
import { Filters } from "../parts/filters.tsx";
import { MemoryItem } from "../parts/memory_item.tsx";
import { place } from "../router.ts";
import type { Hit, Memory } from "../shapes.ts";
import { revision } from "../store/changed.ts";
import { selected } from "../store/selection.ts";
import { number, t } from "../text.ts";
import { findMemories, type Found } from "./memories_query.ts";

/** The page. */
export function MemoriesPage() {
  const { params } = place.value, key = params.toString();
  const view = params.get("view") === "lines" ? "lines" : "cards";
  const found = useData(`memories?${key}#${revision.value}`, (abort) => findMemories(params, abort));
  useEffect(() => () => void (selected.value = new Map()), []);
  const words = wordsOf(params.get("q") ?? ""), { data } = found;
  const toggle = (memory: Memory) => {
    const next = new Map(selected.value);
    if (!next.delete(memory.content_hash)) next.set(memory.content_hash, memory);
    selected.value = next;
  };
  const weakFrom = data?.relevant === undefined ? Infinity : data.relevant - (data.page - 1) * data.pageSize;
  const item = ({ memory, hit }: { memory: Memory; hit?: Hit }) => (
    <MemoryItem
      key={memory.content_hash}
      memory={memory}
      hit={hit}
      words={words}
      view={view}
      selection={{ has: selected.value.has(memory.content_hash), toggle: () => toggle(memory) }}
    />
  );
  const strong = data?.items.slice(0, Math.max(0, weakFrom)) ?? [],
    weak = data?.items.slice(Math.max(0, weakFrom)) ?? [];
  return (
    <>
      <Heading title={t("nav.memories")} />
      <Filters />
      <News />
      <Waiting of={found} />
      {data && (
        <>
          <p class="summary" role="status" id="summary">{summaryOf(data)}</p>
          <BulkBar shown={data.items.map(({ memory }) => memory)} />
          <ul class={`memories ${view}`} aria-busy={found.loading} aria-label={t("nav.memories")}>
            {strong.map(item)}
          </ul>
          {weak.length > 0 && (
            <>
              <h2 class="weak">{t(weakFrom <= 0 && data.page === 1 ? "search.allWeak" : "search.weak")}</h2>
              <ul class={`memories ${view}`} aria-busy={found.loading} aria-label={t("search.weak")}>
                {weak.map(item)}
              </ul>
            </>
          )}
          {data.total === 0 && <Nothing isNarrowed={key !== ""} />}
          <Pager page={data.page} pages={data.pages} />
        </>
      )}
    </>
  );
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  return isNarrowed
    ? (
      <p class="empty">
        {t("memories.none")} <a href="/memories">{t("filters.clear")}</a>
      </p>
    )
    : (
      <p class="empty">
        {t("memories.empty")} <a href="/">{t("memories.empty.start")}</a>
      </p>
    );
}

function summaryOf({ items, total, page, pageSize, isMinimum, notice, order, kind }: Found): string {
  const first = (page - 1) * pageSize + 1, all = t(isMinimum ? "count.atLeast" : "count.memories", { n: total });
  const range = total <= pageSize ? all : `${number(first)}–${number(first + items.length - 1)} ${t("of")} ${all}`;
  return [range, t(`order.${kind}`), order && t(`order.${order}`), notice].filter(Boolean).join(" · ");
}
