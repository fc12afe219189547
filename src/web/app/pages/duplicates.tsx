/**
 * Groups of memories that say the same: compared, merged, and taken apart again.
 *
 * @module
 */

import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { expectOwn } from "../live.ts";
import { MemoryLink, Tag, Time, Waiting, Writing } from "../parts/common.tsx";
import { DiffSide } from "../parts/diff.tsx";
import { diffWords } from "../parts/diff_words.ts";
import { hrefWith, place } from "../router.ts";
import type { Memory } from "../shapes.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { number, t } from "../text.ts";

/** Memories looked at at once. */
const LIMIT = 500;

interface Group {
  canonical_hash: string;
  duplicates: { content_hash: string; kind: "exact" | "near"; similarity: number | null; shared_words: number }[];
}
interface Answer {
  groups: Group[];
  scanned: number;
  next_before: number | null;
  notice: string | null;
}
interface Merged {
  memory: Memory;
  merged: string[];
  before: { tags: string[] };
}

/** The groups, from the newest memories on. */
export function Duplicates() {
  const before = place.value.params.get("before");
  const loaded = useData(`duplicates?${before}#${revision.value}`, async (abort) => {
    const query = { limit: LIMIT, created_before: before };
    const answer = await get<Answer>("/api/manage/duplicates", query, abort);
    const hashes = answer.groups.flatMap((
      group,
    ) => [group.canonical_hash, ...group.duplicates.map((one) => one.content_hash)]);
    return { ...answer, memories: await memoriesOf(hashes, abort) };
  });
  const { data } = loaded;
  return (
    <>
      <Waiting of={loaded} />
      {data && (
        <>
          <p class="summary" role="status">
            {t("duplicates.summary", { n: data.groups.length })} · {t("review.scanned", { n: data.scanned })}
            {data.notice && ` · ${data.notice}`}
          </p>
          {data.groups.map((group) => <GroupCard key={group.canonical_hash} group={group} memories={data.memories} />)}
          {data.next_before !== null && (
            <p>
              <a class="button" href={hrefWith({ before: data.next_before })}>{t("review.older")}</a>
            </p>
          )}
        </>
      )}
    </>
  );
}

/** Memories by content_hash; those that are gone by now are left out. */
export async function memoriesOf(hashes: string[], signal: AbortSignal): Promise<Map<string, Memory>> {
  const found = await Promise.all(
    [...new Set(hashes)].map((hash) => get<Memory>(`/api/memories/${hash}`, {}, signal).catch(() => null)),
  );
  return new Map(found.filter((memory) => memory !== null).map((memory) => [memory.content_hash, memory]));
}

function GroupCard({ group, memories }: { group: Group; memories: ReadonlyMap<string, Memory> }) {
  const kept = memories.get(group.canonical_hash),
    others = group.duplicates.filter(({ content_hash }) => memories.has(content_hash));
  if (kept === undefined || others.length === 0) return null;
  return (
    <section class="pair" data-group={group.canonical_hash}>
      {others.map(({ content_hash, kind, similarity }) => {
        const other = memories.get(content_hash)!, runs = diffWords(kept.content, other.content);
        return (
          <div key={content_hash} class="sides">
            <Side title={t("duplicates.kept")} memory={kept}>
              <DiffSide runs={runs} side="first" text={kept.content} />
            </Side>
            <Side
              title={`${t(`duplicates.${kind}`)}${similarity === null ? "" : ` · ${number(similarity * 100)} %`}`}
              memory={other}
            >
              <DiffSide runs={runs} side="second" text={other.content} />
            </Side>
          </div>
        );
      })}
      <Writing>
        <p class="buttons">
          <button
            type="button"
            class="primary"
            onClick={() => merge(kept, others.map(({ content_hash }) => memories.get(content_hash)!))}
          >
            {t("duplicates.merge", { n: others.length + 1 })}
          </button>
          {others.length === 1 && (
            <button
              type="button"
              onClick={() => merge(memories.get(others[0]!.content_hash)!, [kept])}
            >
              {t("duplicates.mergeOther")}
            </button>
          )}
        </p>
      </Writing>
    </section>
  );
}

/** A memory as one side of a comparison. */
export function Side(
  { title, memory, children }: { title: string; memory: Memory; children: preact.ComponentChildren },
) {
  return (
    <div class="side" data-hash={memory.content_hash}>
      <h2>{title}</h2>
      {children}
      <p class="about">
        {memory.tags.slice(0, 8).map((tag) => <Tag key={tag} tag={tag} />)}
        <MemoryLink hash={memory.content_hash}>
          <Time at={memory.created_at} />
        </MemoryLink>
      </p>
    </div>
  );
}

/** Shows what would come of a merge, then merges; the message has the way back. */
async function merge(kept: Memory, others: Memory[]): Promise<void> {
  const body = { canonical_hash: kept.content_hash, duplicate_hashes: others.map(({ content_hash }) => content_hash) };
  const path = "/api/manage/duplicates/merge";
  const preview = await call<Merged>("POST", path, { body: { ...body, dry_run: true } });
  let done: Merged | undefined;
  const sent = await ask({
    title: t("duplicates.preview"),
    wide: true,
    body: () => (
      <>
        <p>{t("duplicates.preview.text", { n: others.length })}</p>
        <blockquote dir="auto">{preview.memory.content.slice(0, 1000)}</blockquote>
        <p class="about">
          {preview.memory.tags.map((tag) => <span key={tag} class="tag" dir="auto">{tag}</span>)}
          <Time at={preview.memory.created_at} />
        </p>
      </>
    ),
    action: t("duplicates.merge", { n: others.length + 1 }),
    submit: async () => {
      expectOwn([body.canonical_hash, ...body.duplicate_hashes]);
      done = await call<Merged>("POST", path, { body });
    },
  });
  if (!sent || done === undefined) return;
  const { merged, before } = done;
  changed();
  notify(t("done.merged", { n: merged.length }), {
    label: t("undo"),
    run: async () => {
      expectOwn([body.canonical_hash, ...merged]);
      await call("POST", "/api/manage/trash/restore", { body: { content_hashes: merged } });
      await call("PUT", `/api/memories/${body.canonical_hash}`, { body: { tags: before.tags } });
      changed();
      notify(t("done.undone"));
    },
  });
}
