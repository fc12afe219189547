/**
 * The trash: what was deleted, when and why, and the way back.
 *
 * @module
 */

import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { restoreMemories } from "../parts/actions.ts";
import { Heading, News, Pager, shortened, Time, Waiting, Writing } from "../parts/common.tsx";
import { place } from "../router.ts";
import type { Memory } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify, orNotify } from "../store/notices.ts";
import { day, t } from "../text.ts";

interface TrashPageAnswer {
  items: { memory: Memory; deleted_at: number; reason: string; kept_until_iso: string }[];
  total: number;
  total_pages: number;
}

/** The page. */
export function TrashPage() {
  const page = Math.max(1, Number(place.value.params.get("page")) || 1);
  const loaded = useData(
    `trash?${page}#${revision.value}`,
    (abort) => get<TrashPageAnswer>("/api/manage/trash", { page, page_size: 50 }, abort),
  );
  const { data } = loaded;
  return (
    <>
      <Heading title={t("nav.trash")}>
        {mayWrite.value && data && data.total > 0 && (
          <button
            type="button"
            class="danger"
            onClick={() => emptyTrash(data.total)}
          >
            {t("trash.empty")}
          </button>
        )}
      </Heading>
      <News />
      <Waiting of={loaded} />
      {data?.total === 0 && <p class="empty">{t("trash.none")}</p>}
      {data && data.total > 0 && (
        <>
          <p class="summary" role="status">{t("count.memories", { n: data.total })}</p>
          <ul class="memories lines">
            {data.items.map(({ memory, deleted_at, reason, kept_until_iso }) => {
              const hash = memory.content_hash, name = shortened(memory.content, 60);
              return (
                <li key={hash} class="memory trashed" data-hash={hash}>
                  <details>
                    <summary dir="auto">{shortened(memory.content, 160)}</summary>
                    <p class="content" dir="auto">{memory.content}</p>
                  </details>
                  <span class="muted">
                    {t("trash.deleted")} <Time at={deleted_at} />, {reason} ·{" "}
                    {t("trash.until", { date: day(Date.parse(kept_until_iso) / 1000) })}
                  </span>
                  <Writing>
                    <span class="actions">
                      <button
                        type="button"
                        aria-label={t("restore.one", { name })}
                        onClick={() => orNotify(() => restoreMemories([hash]))}
                      >
                        {t("restore")}
                      </button>
                      <button type="button" aria-label={t("purge.one", { name })} onClick={() => purge(memory)}>
                        {t("purge")}
                      </button>
                    </span>
                  </Writing>
                </li>
              );
            })}
          </ul>
          <Pager page={page} pages={data.total_pages} />
        </>
      )}
    </>
  );
}

async function purge({ content_hash, content }: Memory): Promise<void> {
  const sent = await ask({
    title: t("purge.title"),
    body: () => <blockquote dir="auto">{shortened(content, 300)}</blockquote>,
    action: t("purge"),
    danger: true,
    submit: async () => void await call("DELETE", "/api/manage/trash", { query: { content_hashes: content_hash } }),
  });
  if (sent) changed();
}

async function emptyTrash(total: number): Promise<void> {
  let message = "";
  const sent = await ask({
    title: t("trash.empty"),
    body: () => <p>{t("trash.empty.text", { n: total })}</p>,
    action: t("trash.empty"),
    danger: true,
    submit: async () => void ({ message } = await call<{ message: string }>("DELETE", "/api/manage/trash")),
  });
  if (!sent) return;
  changed();
  notify(message);
}
