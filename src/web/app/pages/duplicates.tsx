/**
 * Groups of memories that say the same: compared, merged, and taken apart again.
 *
 * @module
 */

import { ApiError, call, get } from "../api.ts";
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
import { inSteps } from "./steps.ts";

/** Memories looked at for a page, and groups after which it ends. */
const LOOKED_AT = 250, MOST_GROUPS = 50;
/** Groups shown at once, memories of a group beside the one that is kept, and memories loaded at the same time. */
const GROUPS = 10, MEMBERS = 6, AT_ONCE = 8;

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

/** The groups, from the newest memories on. Large stores have more than can be read: some are shown, more on demand. */
export function Duplicates() {
  const before = place.value.params.get("before");
  return <Shown key={before} before={before} />;
}

function Shown({ before }: { before: string | null }) {
  const count = Number(place.value.params.get("groups")) || GROUPS, now = revision.value;
  const loaded = useData<Answer & { revision: number }>(`duplicates?${before}#${now}`, async (abort, show) => {
    const from = before === null ? null : Number(before);
    let found: Answer = { groups: [], scanned: 0, next_before: from, notice: null };
    await inSteps(
      from,
      LOOKED_AT,
      (limit, created_before) => get<Answer>("/api/manage/duplicates", { limit, created_before }, abort),
      (next) => {
        found = joined(found, next);
        show({ ...found, revision: now });
        return found.groups.length < MOST_GROUPS;
      },
    );
    return { ...found, revision: now };
  });
  const { data } = loaded, shown = data?.groups.slice(0, count) ?? [];
  const hashes = shown.flatMap(({ canonical_hash, duplicates }) => [
    canonical_hash,
    ...duplicates.slice(0, MEMBERS).map(({ content_hash }) => content_hash),
  ]);
  // Groups that are being looked for again may name what was merged away.
  const memories = useData(
    data?.revision === now ? `duplicate-texts?${hashes.join()}#${revision.value}` : null,
    (abort) => memoriesOf(hashes, abort),
  );
  return (
    <>
      <Waiting of={loaded} />
      <Waiting of={memories} />
      {data && (
        <>
          <p class="summary" role="status" aria-busy={loaded.loading || memories.loading}>
            {t("duplicates.summary", { n: data.groups.length })} · {t("review.scanned", { n: data.scanned })}
            {data.notice && ` · ${data.notice}`}
          </p>
          {memories.data &&
            shown.map((group) => <GroupCard key={group.canonical_hash} group={group} memories={memories.data!} />)}
          <p class="buttons">
            {data.groups.length > count && (
              <a class="button" href={hrefWith({ groups: count + GROUPS, before })}>{t("more")}</a>
            )}
            {data.next_before !== null && (
              <a class="button" href={hrefWith({ before: data.next_before, groups: null })}>{t("review.older")}</a>
            )}
          </p>
        </>
      )}
    </>
  );
}

/** What was found so far with what a further step found; a group that both know is one. */
function joined(before: Answer, next: Answer): Answer {
  const groups = before.groups.map((group) => ({ ...group, duplicates: [...group.duplicates] }));
  const groupOf = new Map(groups.flatMap((group) => hashesOf(group).map((hash) => [hash, group] as const)));
  for (const group of next.groups) {
    const known = hashesOf(group).map((hash) => groupOf.get(hash)).find(Boolean);
    if (known === undefined) groups.push(group);
    else {
      const { canonical_hash: content_hash, duplicates } = group,
        members = [{ ...duplicates[0]!, content_hash }, ...duplicates];
      known.duplicates.push(...members.filter(({ content_hash }) => !groupOf.has(content_hash)));
    }
    for (const hash of hashesOf(group)) groupOf.set(hash, known ?? group);
  }
  return { ...next, groups, scanned: before.scanned + next.scanned };
}

const hashesOf = ({ canonical_hash, duplicates }: Group): string[] => [
  canonical_hash,
  ...duplicates.map(({ content_hash }) => content_hash),
];

/** Memories by content_hash; those that are gone by now are left out. */
async function memoriesOf(hashes: string[], signal: AbortSignal): Promise<Map<string, Memory>> {
  const found = new Map<string, Memory>(), waiting = [...new Set(hashes)];
  const next = async (): Promise<void> => {
    const hash = waiting.shift();
    if (hash === undefined) return;
    const memory = await get<Memory>(`/api/memories/${hash}`, {}, signal).catch((error) => {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    });
    if (memory !== null) found.set(hash, memory);
    return await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return found;
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
      {group.duplicates.length > MEMBERS && (
        <p class="muted">{t("duplicates.more", { n: group.duplicates.length - MEMBERS })}</p>
      )}
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
