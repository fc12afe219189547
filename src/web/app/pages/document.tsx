/**
 * A document: its chunks in place, and search within it.
 *
 * @module
 */

import { useRef } from "preact/hooks";
import { get } from "../api.ts";
import { useData } from "../data.ts";
import { wordsOf } from "../fold.ts";
import { Heading, MemoryLink, News, Waiting } from "../parts/common.tsx";
import { marked } from "../parts/memory_item.tsx";
import { go, hrefWith, place } from "../router.ts";
import type { Upload } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { revision } from "../store/changed.ts";
import { number, t } from "../text.ts";
import { removeUpload } from "./documents.tsx";

/** Chunks shown at once; more are asked for by a link. */
const STEP = 100, MOST = 1000;

interface Content {
  filename: string;
  total_found: number;
  memories: { content_hash: string; content: string; chunk_index: number | null; page: number | null }[];
  error?: string;
}

/** The page. */
export function DocumentPage() {
  const { params } = place.value, id = params.get("id") ?? "", query = params.get("q") ?? "";
  const limit = Math.min(MOST, Number(params.get("limit")) || STEP), input = useRef<HTMLInputElement>(null);
  const loaded = useData(
    `document?${id}&${query}&${limit}#${revision.value}`,
    (abort) =>
      get<Content>(`/api/documents/search-content/${encodeURIComponent(id)}`, { limit, query: query || null }, abort),
  );
  const { data } = loaded, words = wordsOf(query);
  const search = (event: Event) => {
    event.preventDefault();
    go(hrefWith({ q: input.current!.value.trim(), limit: null }), { replace: true });
  };
  const remove = async () => {
    const upload = await get<Upload>(`/api/documents/status/${encodeURIComponent(id)}`).catch(() => null);
    const known = { upload_id: id, filename: data!.filename, chunks_stored: data!.total_found };
    if (await removeUpload({ ...upload, ...known } as Upload)) go("/documents");
  };
  return (
    <>
      <Heading title={data?.filename || t("nav.document")}>
        <a class="button" href="/documents">{t("nav.documents")}</a>
        {mayWrite.value && data && !data.error && (
          <button type="button" class="danger" onClick={remove}>{t("remove")}</button>
        )}
      </Heading>
      <News />
      <form class="inline" role="search" aria-label={t("document.search")} onSubmit={search}>
        <input
          key={query}
          ref={input}
          type="search"
          dir="auto"
          defaultValue={query}
          maxLength={1000}
          aria-label={t("document.search")}
          placeholder={t("document.search")}
        />
        <button type="submit">{t("search.go")}</button>
        {query !== "" && <a class="button" href={hrefWith({ q: null })}>{t("filters.clear")}</a>}
      </form>
      <Waiting of={loaded} />
      {data && (
        <>
          <p class="summary" role="status">
            {data.error ??
              `${t("documents.chunks", { n: data.total_found })} · ${
                t(query === "" ? "document.order" : "order.best")
              }`}
          </p>
          <ol class="chunks">
            {data.memories.map(({ content_hash, content, chunk_index, page }) => (
              <li key={content_hash} data-hash={content_hash}>
                <p class="where">
                  <MemoryLink hash={content_hash}>
                    {chunk_index === null ? t("open") : t("document.chunk", { number: number(chunk_index + 1) })}
                  </MemoryLink>
                  {page !== null && <span class="muted">{t("document.page", { page })}</span>}
                </p>
                <p class="content" dir="auto">{marked(content, words)}</p>
              </li>
            ))}
          </ol>
          {data.memories.length === limit && limit < MOST && (
            <p>
              <a class="button" href={hrefWith({ limit: Math.min(MOST, limit * 3) })}>{t("more")}</a>
            </p>
          )}
        </>
      )}
    </>
  );
}
