/**
 * A conversation as a dialogue, with search within it and the facts that came of it.
 *
 * @module
 */

import { useEffect, useRef } from "preact/hooks";
import { ApiError, call, get } from "../api.ts";
import { useData } from "../data.ts";
import { wordsOf } from "../fold.ts";
import { expectOwn } from "../live.ts";
import { restoreMemories } from "../parts/actions.ts";
import { Facts, Heading, MemoryLink, News, Pager, shortened, Waiting } from "../parts/common.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { marked } from "../parts/memory_item.tsx";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import type { Memory, MemoryPage, SearchAnswer } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { day, t, timeOfDay } from "../text.ts";

const PAGE_SIZE = 50, FACTS_SHOWN = 50;
const ROLE = /^(user|assistant|system|tool)\s*[:：]\s*/i;

/** The page. */
export function ConversationPage() {
  const { params } = place.value, id = params.get("id") ?? "", query = params.get("q") ?? "";
  const asked = Number(params.get("page")) || null, at = params.get("at"), input = useRef<HTMLInputElement>(null);
  const loaded = useData(`conversation?${id}&${asked ?? at}&${query}#${revision.value}`, async (abort) => {
    const page = Math.max(1, asked ?? (at === null || query !== "" ? 1 : await pageOf(id, at, abort)));
    const filter = { conversation_id: id, page, page_size: PAGE_SIZE };
    if (query === "") {
      return await get<MemoryPage>("/api/memories", { ...filter, order: "time", include_superseded: true }, abort);
    }
    const body = { ...filter, query, order: "time" };
    const { results, pagination } = await call<SearchAnswer>("POST", "/api/search", { body, signal: abort });
    return { memories: results.map(({ memory }) => memory), ...pagination };
  });
  const { data } = loaded, words = wordsOf(query);
  const said = (...keys: string[]) =>
    data?.memories.flatMap(({ metadata }) => keys.map((key) => metadata[key])).find((value) =>
      typeof value === "string"
    );
  useEffect(() => {
    if (at && data) document.querySelector(`[data-hash="${CSS.escape(at)}"]`)?.scrollIntoView({ block: "center" });
  }, [at, data?.page]);
  const search = (event: Event) => {
    event.preventDefault();
    go(hrefWith({ q: input.current!.value.trim(), at: null }), { replace: true });
  };
  return (
    <>
      <Heading title={t("nav.conversation")}>
        <a class="button" href="/conversations">{t("nav.conversations")}</a>
        {mayWrite.value && data && data.total > 0 && query === "" && (
          <button
            type="button"
            class="danger"
            onClick={() => forget(id, data.total)}
          >
            {t("conversation.forget")}
          </button>
        )}
      </Heading>
      <News />
      <Facts
        rows={[
          [t("conversation.title"), said("title")],
          [t("conversation.client"), said("client", "source")],
          [t("conversation.project"), said("project")],
          [t("conversation.model"), said("model")],
          [t("conversation.id"), id],
        ]}
      />
      <CameOfIt id={id} />
      <form class="inline" role="search" aria-label={t("conversation.search")} onSubmit={search}>
        <input
          key={query}
          ref={input}
          type="search"
          dir="auto"
          defaultValue={query}
          maxLength={1000}
          aria-label={t("conversation.search")}
          placeholder={t("conversation.search")}
        />
        <button type="submit">{t("search.go")}</button>
        {query !== "" && <a class="button" href={hrefWith({ q: null })}>{t("filters.clear")}</a>}
      </form>
      <Waiting of={loaded} />
      {data && <p class="summary" role="status">{t("count.turns", { n: data.total })}</p>}
      <ol class="dialogue">
        {data?.memories.map((memory, index) => (
          <Turn
            key={memory.content_hash}
            memory={memory}
            before={data.memories[index - 1]}
            words={words}
            isAsked={memory.content_hash === at}
          />
        ))}
      </ol>
      {data && <Pager page={data.page} pages={data.total_pages} />}
    </>
  );
}

/** The page that a turn is on. */
async function pageOf(conversation_id: string, hash: string, signal: AbortSignal): Promise<number> {
  const turn = await get<Memory>(`/api/memories/${encodeURIComponent(hash)}`, {}, signal).catch((error) => {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  });
  if (turn?.created_at == null) return 1;
  const query = { conversation_id, created_before: turn.created_at, page_size: 1, include_superseded: true };
  const { total } = await get<MemoryPage>("/api/memories", query, signal);
  return Math.floor(total / PAGE_SIZE) + 1;
}

interface FactsAnswer {
  facts: { turn: string; memory: Memory }[];
  has_more: boolean;
}

/** The memories that cite its turns; nothing where there are none. */
function CameOfIt({ id }: { id: string }) {
  const loaded = useData(
    `conversation-facts?${id}#${revision.value}`,
    (abort) => get<FactsAnswer>("/api/conversations/facts", { conversation_id: id, limit: FACTS_SHOWN }, abort),
  );
  const { data } = loaded;
  if (data === undefined || data.facts.length === 0) return <Waiting of={loaded} />;
  return (
    <section class="came">
      <h2>{t("conversation.facts")}</h2>
      <ul class="plain-list">
        {data.facts.map(({ turn, memory: { content, content_hash, memory_type, superseded_by } }) => (
          <li key={content_hash + turn}>
            {memory_type && <span class="type" dir="auto">{memory_type}</span>}{" "}
            <MemoryLink hash={content_hash}>{shortened(content, 160)}</MemoryLink>{" "}
            {superseded_by && <span class="muted">{t("memory.superseded")}</span>}{" "}
            <a href={hrefOf("/conversation", { id, at: turn })}>{t("conversation.fact.turn")}</a>
          </li>
        ))}
      </ul>
      {data.has_more && <p class="muted">{t("conversation.facts.more")}</p>}
    </section>
  );
}

function Turn(
  { memory, before, words, isAsked }: { memory: Memory; before: Memory | undefined; words: string[]; isAsked: boolean },
) {
  const { content, content_hash, created_at, metadata, superseded_by } = memory, label = ROLE.exec(content);
  const role = (label?.[1] ?? String(metadata.role ?? "")).toLowerCase();
  const isRole = role === "user" || role === "assistant" || role === "system" || role === "tool";
  const text = label ? content.slice(label[0].length) : content;
  const isNewDay = created_at !== null && (before?.created_at == null || day(before.created_at) !== day(created_at));
  return (
    <>
      {isNewDay && (
        <li class="day">
          <span>{day(created_at!)}</span>
        </li>
      )}
      <li
        class={`turn ${isRole ? role : "unknown"}${isAsked ? " asked" : ""}${superseded_by ? " old" : ""}`}
        data-hash={content_hash}
      >
        <p class="where">
          {isRole && <strong>{t(`role.${role as "user"}`)}</strong>}
          <MemoryLink hash={content_hash}>{created_at === null ? t("open") : timeOfDay(created_at)}</MemoryLink>
          {superseded_by && <span class="muted">{t("memory.superseded")}</span>}
        </p>
        {words.length > 0 ? <p class="content" dir="auto">{marked(text, words)}</p> : <Markdown text={text} />}
      </li>
    </>
  );
}

/** Deletes all turns, to the trash. */
async function forget(conversation_id: string, total: number): Promise<void> {
  let hashes: string[] = [];
  const sent = await ask({
    title: t("conversation.forget"),
    body: () => <p>{t("conversation.forget.text", { n: total })}</p>,
    action: t("conversation.forget"),
    danger: true,
    submit: async () => {
      hashes = await turnsOf(conversation_id);
      expectOwn(null);
      expectOwn(hashes);
      await call("POST", "/api/manage/bulk-delete", { body: { conversation_id, confirm_count: hashes.length } });
    },
  });
  if (!sent) return;
  changed();
  go("/conversations");
  notify(t("done.deleted", { n: hashes.length }), { label: t("undo"), run: () => restoreMemories(hashes) });
}

async function turnsOf(conversation_id: string): Promise<string[]> {
  const hashes: string[] = [];
  for (let page = 1;; page++) {
    const query = { conversation_id, page, page_size: 100, order: "time", include_superseded: true };
    const { memories, has_more } = await get<MemoryPage>("/api/memories", query);
    hashes.push(...memories.map(({ content_hash }) => content_hash));
    if (!has_more) return hashes;
  }
}
