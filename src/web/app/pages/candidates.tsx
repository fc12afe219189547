/**
 * Sentences of captured turns that may be worth keeping: kept as they were said, kept in better words, or dropped.
 *
 * @module
 */

import { signal, useSignal } from "@preact/signals";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { expectOwn } from "../live.ts";
import { MemoryLink, shortened, Time, Waiting, Writing } from "../parts/common.tsx";
import { enteredTags, TagField } from "../parts/tag_field.tsx";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import type { Memory } from "../shapes.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify, orNotify } from "../store/notices.ts";
import { hasText, t } from "../text.ts";

/** Candidates shown at once. */
const LIMIT = 20;

interface Candidate {
  id: string;
  kind: string;
  text: string;
  turn: string;
  role: string | null;
  conversation_id: string | null;
  created_at: number;
}
interface Candidates {
  candidates: Candidate[];
  count: number;
  scanned: number;
  next_before: number | null;
}
interface Decided {
  success: boolean;
  message: string;
  content_hash: string | null;
}

/** The open candidates, last said first. */
export function CandidateList() {
  const before = place.value.params.get("before");
  const loaded = useData(
    `candidates?${before}#${revision.value}`,
    (abort) => get<Candidates>("/api/candidates", { limit: LIMIT, created_before: before }, abort),
  );
  const { data } = loaded;
  return (
    <>
      <p class="lead">{t("candidates.lead")}</p>
      <Waiting of={loaded} />
      {data && (
        <>
          <p class="summary" role="status">
            {t("candidates.summary", { n: data.count })} · {t("candidates.scanned", { n: data.scanned })}
          </p>
          <ul class="documents candidates">
            {data.candidates.map((candidate) => <Item key={candidate.id} candidate={candidate} />)}
          </ul>
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

function Item({ candidate }: { candidate: Candidate }) {
  const { kind, text, turn, role, conversation_id, created_at } = candidate, key = `candidates.kind.${kind}`;
  const who = `role.${role}`, name = shortened(text, 60);
  return (
    <li>
      <blockquote dir="auto">{text}</blockquote>
      <span class="type">{hasText(key) ? t(key) : kind}</span>
      <span class="muted">
        {role !== null && `${hasText(who) ? t(who) : role}, `}
        <Time at={created_at} />
        {conversation_id !== null && (
          <>
            {" · "}
            <a href={hrefOf("/conversation", { id: conversation_id, at: turn })} dir="auto">{t("nav.conversation")}</a>
          </>
        )}
      </span>
      <Source hash={turn} />
      <Writing>
        <span class="actions">
          <button
            type="button"
            class="primary"
            aria-label={t("candidates.keep.one", { name })}
            onClick={() => orNotify(() => decide(candidate, { action: "confirm" }))}
          >
            {t("candidates.keep")}
          </button>
          <button type="button" aria-label={t("candidates.edit.one", { name })} onClick={() => edit(candidate)}>
            {t("candidates.edit")}
          </button>
          <button
            type="button"
            aria-label={t("candidates.drop.one", { name })}
            onClick={() => orNotify(() => decide(candidate, { action: "drop" }))}
          >
            {t("candidates.drop")}
          </button>
        </span>
      </Writing>
    </li>
  );
}

/** The turn that a candidate was said in, to unfold. */
function Source({ hash }: { hash: string }) {
  const open = useSignal(false);
  const turn = useData(
    open.value ? `turn?${hash}` : null,
    (abort) => get<Memory>(`/api/memories/${hash}`, {}, abort),
  );
  return (
    <details onToggle={(event) => open.value = event.currentTarget.open}>
      <summary>{t("candidates.turn")}</summary>
      <Waiting of={turn} />
      {turn.data && (
        <>
          <p class="content" dir="auto">{turn.data.content}</p>
          <MemoryLink hash={hash}>{t("open")}</MemoryLink>
        </>
      )}
    </details>
  );
}

/** Says what becomes of a candidate; what is kept can be opened from the message. */
async function decide({ id, turn }: Candidate, decision: Record<string, unknown>): Promise<void> {
  expectOwn([turn]);
  const { content_hash } = await call<Decided>("POST", `/api/candidates/${encodeURIComponent(id)}`, { body: decision });
  if (content_hash !== null) expectOwn([content_hash]);
  changed();
  if (content_hash === null) return notify(t("candidates.dropped"));
  notify(t("candidates.kept"), { label: t("open"), run: () => go(hrefOf("/memory", { hash: content_hash })) });
}

/** Keeps a candidate in other words. */
async function edit(candidate: Candidate): Promise<void> {
  const content = signal(candidate.text),
    type = signal(candidate.kind),
    tags = signal<string[]>([]),
    typed = signal("");
  await ask({
    title: t("candidates.edit.title"),
    body: () => (
      <>
        <label class="field">
          <span>{t("editor.content")}</span>
          <textarea
            data-first
            required
            rows={5}
            dir="auto"
            value={content.value}
            onInput={(event) => content.value = event.currentTarget.value}
          />
          <small>{t("candidates.edit.hint")}</small>
        </label>
        <label class="field">
          <span>{t("type")}</span>
          <input
            maxLength={100}
            dir="auto"
            value={type.value}
            onInput={(event) => type.value = event.currentTarget.value}
          />
        </label>
        <TagField tags={tags} typed={typed} />
      </>
    ),
    action: t("candidates.keep"),
    submit: () =>
      decide(candidate, {
        action: "edit",
        content: content.value,
        memory_type: type.value.trim() || null,
        tags: enteredTags(tags, typed),
      }),
  });
}
