/**
 * Tags: all of them with their use; renamed, merged, taken off.
 *
 * @module
 */

import { signal, useSignal } from "@preact/signals";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { fold } from "../fold.ts";
import { expectOwn } from "../live.ts";
import { Heading, News, Pager, Tag, Time, Waiting, Writing } from "../parts/common.tsx";
import { go, hrefWith, place } from "../router.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { isChosenTag, tags as known } from "../store/service.ts";
import { number, t } from "../text.ts";

const PAGE_SIZE = 100;

interface TagUse {
  tag: string;
  count: number;
  last_used: number | null;
  memory_types: string[];
}

/** The page. */
export function TagsPage() {
  const { params } = place.value, wanted = fold(params.get("q") ?? ""), all = params.has("all");
  const loaded = useData(
    `tag-stats#${revision.value}`,
    (abort) => get<{ tags: TagUse[] }>("/api/manage/tags/stats", {}, abort),
  );
  const page = Math.max(1, Number(params.get("page")) || 1), typed = useSignal(params.get("q") ?? "");
  const sort = params.get("sort") ?? "count";
  const matching = (loaded.data?.tags ?? []).filter(({ tag }) =>
    (all || isChosenTag(tag)) && fold(tag).includes(wanted)
  );
  if (sort === "name") matching.sort((a, b) => a.tag.localeCompare(b.tag));
  if (sort === "used") matching.sort((a, b) => (b.last_used ?? 0) - (a.last_used ?? 0));
  const shown = matching.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  return (
    <>
      <Heading title={t("nav.tags")} />
      <div class="fields">
        <label class="small-field">
          <span>{t("tags.find")}</span>
          <input
            type="search"
            dir="auto"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
              go(hrefWith({ q: typed.value.trim() }), { replace: true });
            }}
          />
        </label>
        <label class="small-field">
          <span>{t("sort")}</span>
          <select
            value={sort}
            onChange={(event) => go(hrefWith({ sort: event.currentTarget.value }), { replace: true })}
          >
            {(["count", "name", "used"] as const).map((name) => (
              <option key={name} value={name}>{t(`tags.sort.${name}`)}</option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={all}
            onChange={(event) => go(hrefWith({ all: event.currentTarget.checked && "1" }), { replace: true })}
          />{" "}
          {t("tags.programs")}
        </label>
      </div>
      <News />
      <Waiting of={loaded} />
      {loaded.data && <p class="summary" role="status">{t("count.tags", { n: matching.length })}</p>}
      {loaded.data && matching.length === 0 && <p class="empty">{t("tags.none")}</p>}
      {shown.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("nav.tags")}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{t("tag")}</th>
                <th scope="col">{t("nav.memories")}</th>
                <th scope="col">{t("tags.used")}</th>
                <th scope="col">{t("types")}</th>
                <th scope="col">
                  <span class="hidden">{t("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((use) => (
                <tr key={use.tag}>
                  <th scope="row">
                    <Tag tag={use.tag} />
                  </th>
                  <td>{number(use.count)}</td>
                  <td>
                    <Time at={use.last_used} />
                  </td>
                  <td dir="auto">{use.memory_types.slice(0, 3).join(", ")}</td>
                  <td>
                    <Writing>
                      <span class="buttons">
                        <button
                          type="button"
                          aria-label={t("tags.rename.one", { tag: use.tag })}
                          onClick={() => rename(use)}
                        >
                          {t("tags.rename")}
                        </button>
                        <button
                          type="button"
                          aria-label={t("tags.delete.one", { tag: use.tag })}
                          onClick={() => remove(use)}
                        >
                          {t("delete")}
                        </button>
                      </span>
                    </Writing>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Pager page={page} pages={Math.ceil(matching.length / PAGE_SIZE)} />
    </>
  );
}

/** Gives a tag another name; under one that exists the two become one, which the dialog says before. */
async function rename({ tag, count }: TagUse): Promise<void> {
  const name = signal(tag);
  const sent = await ask({
    title: t("tags.rename.title", { tag }),
    body: () => {
      const other = known.value.find((other) => other.tag === name.value.trim() && other.tag !== tag);
      return (
        <>
          <label class="field">
            <span>{t("tags.rename.name")}</span>
            <input
              required
              data-first
              maxLength={256}
              dir="auto"
              value={name.value}
              onInput={(event) => name.value = event.currentTarget.value}
            />
            <small>{t("tags.rename.text", { n: count })}</small>
          </label>
          {other && <p class="banner" role="alert">{t("tags.merge.text", { tag: other.tag, n: other.count })}</p>}
        </>
      );
    },
    action: t("save"),
    submit: async () => {
      expectOwn(null);
      const new_tag = name.value.trim();
      await call("PUT", `/api/manage/tags/${encodeURIComponent(tag)}`, { query: { new_tag } });
    },
  });
  if (!sent) return;
  changed();
  notify(t("done.saved"));
}

/** Takes a tag off every memory that has it; the memories stay. */
async function remove({ tag, count }: TagUse): Promise<void> {
  const sent = await ask({
    title: t("tags.delete.title", { tag }),
    body: () => <p>{t("tags.delete.text", { n: count })}</p>,
    action: t("delete"),
    danger: true,
    submit: async () => {
      expectOwn(null);
      await untag(tag);
    },
  });
  if (!sent) return;
  changed();
  notify(t("done.saved"));
}

async function untag(tag: string): Promise<void> {
  let last = "";
  while (true) {
    const query = new URLSearchParams({ tag, page_size: "100", include_superseded: "true" });
    const { memories } = await get<{ memories: { content_hash: string }[] }>("/api/memories", query);
    // The same ones again are waiting for a store that is away.
    if (memories.length === 0 || memories[0]!.content_hash === last) return;
    last = memories[0]!.content_hash;
    const content_hashes = memories.map(({ content_hash }) => content_hash);
    await call("POST", "/api/memories/batch/tags", { body: { content_hashes, remove_tags: [tag] } });
  }
}
