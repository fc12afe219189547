/**
 * A memory on a page of its own: its text, where it comes from, what it replaced and what it is linked with.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { ApiError, get } from "../api.ts";
import { useData } from "../data.ts";
import { deleteMemories } from "../parts/actions.ts";
import { fact, Facts, Heading, MemoryLink, News, shortened, Tag, Time, Waiting } from "../parts/common.tsx";
import { editMemory } from "../parts/editor.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { Relations } from "../parts/relations.tsx";
import { go, hrefOf, place } from "../router.ts";
import type { Memory, MemoryPage as Page, RelationsAnswer, SearchAnswer } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { revision } from "../store/changed.ts";
import { notify, orNotify } from "../store/notices.ts";
import { dateTime, number, t, timeOfDay } from "../text.ts";
import { uploadOf } from "./document_of.ts";

/** Neighbours in a conversation on each side, and similar memories. */
const AROUND = 3, SIMILAR = 5;

/** The page. */
export function MemoryPage() {
  const hash = place.value.params.get("hash") ?? "";
  const loaded = useData(
    hash && `memory?${hash}#${revision.value}`,
    (abort) => get<Memory>(`/api/memories/${encodeURIComponent(hash)}`, undefined, abort),
  );
  // What is kept in sight while another memory loads is not that one.
  const memory = loaded.data?.content_hash.startsWith(hash.toLowerCase()) ? loaded.data : undefined;
  const gone = loaded.error instanceof ApiError && loaded.error.status === 404;
  if (gone || hash === "") {
    return (
      <>
        <Heading title={t("nav.memory")} />
        <p class="empty">
          {t("memory.gone")} <a href="/trash">{t("nav.trash")}</a> · <a href="/memories">{t("nav.memories")}</a>
        </p>
      </>
    );
  }
  if (memory === undefined || loaded.error) {
    return (
      <>
        <Heading title={t("nav.memory")} />
        <Waiting of={{ ...loaded, data: memory }} />
      </>
    );
  }
  return <Shown key={memory.content_hash} memory={memory} />;
}

function Shown({ memory }: { memory: Memory }) {
  const raw = useSignal(false), hash = memory.content_hash;
  const edit = async () => {
    const now = await editMemory(memory);
    if (now !== null && now !== hash) go(hrefOf("/memory", { hash: now }));
  };
  const remove = () => deleteMemories([memory], () => go("/memories"));
  const copy = () =>
    orNotify(async () => {
      await navigator.clipboard.writeText(memory.content);
      notify(t("done.copied"));
    });
  return (
    <>
      <Heading title={t("nav.memory")}>
        {mayWrite.value && <button type="button" onClick={edit}>{t("edit")}</button>}
        <a class="button" href={hrefOf("/memories", { similar: hash })}>{t("similar")}</a>
        <button type="button" onClick={copy}>{t("copy")}</button>
        <button type="button" aria-pressed={raw.value} onClick={() => raw.value = !raw.value}>{t("memory.raw")}</button>
        {mayWrite.value && <button type="button" class="danger" onClick={remove}>{t("delete")}</button>}
      </Heading>
      <News />
      {memory.superseded_by && (
        <p class="banner">
          {t("memory.superseded.until", { date: memory.valid_until ? dateTime(memory.valid_until) : "?" })}{" "}
          {memory.superseded_reason && <q dir="auto">{memory.superseded_reason}</q>}{" "}
          <MemoryLink hash={memory.superseded_by}>{t("memory.newer")}</MemoryLink>
        </p>
      )}
      <article class="reading" data-hash={hash}>
        {raw.value
          ? (
            <pre
              class="code"
              tabIndex={0}
              role="region"
              aria-label={t("memory.raw")}
            >{JSON.stringify(memory, null, 2)}</pre>
          )
          : <Markdown text={memory.content} />}
      </article>
      <div class="columns">
        <section>
          <h2>{t("memory.about")}</h2>
          <About memory={memory} />
        </section>
        <Related memory={memory} />
        <Around memory={memory} />
        <Similar hash={hash} />
      </div>
    </>
  );
}

function About({ memory }: { memory: Memory }) {
  const upload = uploadOf(memory), { writer } = memory;
  const client = writer?.client && `${writer.client.name} ${writer.client.version ?? ""}`.trim();
  return (
    <>
      {memory.tags.length > 0 && (
        <ul class="tags" aria-label={t("tags")}>
          {memory.tags.map((tag) => (
            <li key={tag}>
              <Tag tag={tag} />
            </li>
          ))}
        </ul>
      )}
      <Facts
        rows={[
          fact(
            t("type"),
            memory.memory_type && <a href={hrefOf("/memories", { type: memory.memory_type })}>{memory.memory_type}</a>,
          ),
          [t("memory.created"), memory.created_at && dateTime(memory.created_at)],
          [
            t("memory.updated"),
            memory.updated_at && memory.updated_at !== memory.created_at && dateTime(memory.updated_at),
          ],
          [t("memory.writer"), writer && [writer.name, client, writer.channel].filter(Boolean).join(", ")],
          fact(t("nav.document"), upload && <a href={hrefOf("/document", { id: upload.id })}>{upload.name}</a>),
          fact(t("memory.hash"), <code class="hash">{memory.content_hash}</code>),
        ]}
      />
      {Object.keys(memory.metadata).length > 0 && (
        <details>
          <summary>{t("memory.metadata")}</summary>
          <pre class="code" tabIndex={0} role="region" aria-label={t("memory.metadata")}>
            {JSON.stringify(memory.metadata, null, 2)}
          </pre>
        </details>
      )}
    </>
  );
}

/** Relations, and among them what this one replaced. */
function Related({ memory: { content_hash, superseded_by } }: { memory: Memory }) {
  const loaded = useData(
    `relations?${content_hash}#${revision.value}`,
    (abort) => get<RelationsAnswer>(`/api/memories/${content_hash}/relations`, {}, abort),
  );
  const { relations = [], memories = [] } = loaded.data ?? {};
  const byHash = new Map(memories.map((memory) => [memory.content_hash, memory]));
  const replaced = relations.filter(({ relation_type, source }) =>
    relation_type === "supersedes" && source === content_hash
  );
  return (
    <>
      <section>
        <h2>{t("memory.history")}</h2>
        <Waiting of={loaded} />
        <ol class="history">
          {superseded_by && (
            <li>
              <MemoryLink hash={superseded_by}>{t("memory.newer")}</MemoryLink>
            </li>
          )}
          <li>
            <strong>{t("memory.this")}</strong>
          </li>
          {replaced.map(({ target }) => {
            const older = byHash.get(target);
            return (
              <li key={target}>
                <MemoryLink hash={target}>{older ? shortened(older.content, 120) : target.slice(0, 10)}</MemoryLink>
                {older && (
                  <>
                    <small class="muted">
                      <Time at={older.created_at} />
                    </small>
                  </>
                )}
              </li>
            );
          })}
        </ol>
        {loaded.data && replaced.length === 0 && !superseded_by && <p class="muted">{t("memory.history.none")}</p>}
      </section>
      <Relations hash={content_hash} relations={relations} memories={byHash} />
    </>
  );
}

/** The turns around it in its conversation. */
function Around({ memory }: { memory: Memory }) {
  const { conversation_id, created_at, content_hash } = memory;
  const loaded = useData(
    conversation_id && created_at ? `around?${content_hash}#${revision.value}` : null,
    async (abort) => {
      const shared = { conversation_id: conversation_id!, page_size: AROUND };
      const [before, after] = await Promise.all([
        get<Page>("/api/memories", { ...shared, created_before: created_at! }, abort),
        get<Page>(
          "/api/memories",
          { ...shared, page_size: AROUND + 1, created_after: created_at!, order: "time" },
          abort,
        ),
      ]);
      return {
        before: before.memories.toReversed(),
        after: after.memories.filter((turn) => turn.content_hash !== content_hash),
      };
    },
  );
  if (conversation_id === null) return null;
  const turn = (memory: Memory) => (
    <li key={memory.content_hash}>
      <MemoryLink hash={memory.content_hash}>{shortened(memory.content, 140)}</MemoryLink>{" "}
      {memory.created_at && <small class="muted">{timeOfDay(memory.created_at)}</small>}
    </li>
  );
  const upload = uploadOf(memory);
  const whole = upload
    ? hrefOf("/document", { id: upload.id })
    : hrefOf("/conversation", { id: conversation_id, at: content_hash });
  return (
    <section>
      <h2>{t("memory.around")}</h2>
      <Waiting of={loaded} />
      <ol class="plain-list">
        {loaded.data?.before.map(turn)}
        <li>
          <strong>{t("memory.this")}</strong>
        </li>
        {loaded.data?.after.map(turn)}
      </ol>
      <p>
        <a href={whole}>{t(upload ? "memory.document" : "memory.conversation")}</a>
      </p>
    </section>
  );
}

function Similar({ hash }: { hash: string }) {
  const loaded = useData(
    `near?${hash}#${revision.value}`,
    (abort) => get<SearchAnswer>(`/api/search/similar/${hash}`, { n_results: SIMILAR }, abort),
  );
  return (
    <section>
      <h2>{t("memory.similar")}</h2>
      <Waiting of={loaded} />
      <ul class="plain-list">
        {loaded.data?.results.map(({ memory, similarity_score }) => (
          <li key={memory.content_hash}>
            <MemoryLink hash={memory.content_hash}>{shortened(memory.content, 140)}</MemoryLink>{" "}
            <small class="muted">{number((similarity_score ?? 0) * 100)} %</small>
          </li>
        ))}
      </ul>
      {loaded.data?.results.length === 0 && <p class="muted">{loaded.data.notice ?? t("memory.similar.none")}</p>}
    </section>
  );
}
