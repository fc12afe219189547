/**
 * A memory in a list.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { splitAtWords } from "../fold.ts";
import { hrefOf, hrefWith, place } from "../router.ts";
import type { Hit, Memory, Passage } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { isChosenTag } from "../store/service.ts";
import { t } from "../text.ts";
import { deleteMemories } from "./actions.ts";
import { MemoryLink, shortened, Time } from "./common.tsx";
import { editMemory } from "./editor.tsx";
import { Reasons } from "./reasons.tsx";

/** Characters of a content that are shown until it is opened, and in a compact line. */
const SHOWN = 600, SHOWN_IN_LINE = 160;
/** Contents that the reader unfolded, by content_hash. */
const unfolded = signal<ReadonlySet<string>>(new Set());

interface Props {
  memory: Memory;
  hit?: Hit | undefined;
  words?: string[];
  view?: "cards" | "lines";
  selection?: { has: boolean; toggle: () => void };
}

/** The item. */
export function MemoryItem({ memory, hit, words = [], view = "cards", selection }: Props) {
  const name = shortened(memory.content, 60), hash = memory.content_hash;
  const select = selection && (
    <label class="select">
      <input
        type="checkbox"
        checked={selection.has}
        onChange={selection.toggle}
        aria-label={t("select.one", { name })}
      />
    </label>
  );
  if (view === "lines") {
    return (
      <li class="memory line" data-hash={hash}>
        {select}
        <MemoryLink hash={hash}>{marked(shortened(memory.content, SHOWN_IN_LINE), words)}</MemoryLink>
        {memory.memory_type && <TypeLink type={memory.memory_type} />}
        <span class="when">
          <Time at={memory.created_at} />
        </span>
      </li>
    );
  }
  return (
    <li class={`memory card${memory.superseded_by ? " old" : ""}`} data-hash={hash}>
      {select}
      <div class="body">
        {memory.superseded_by && (
          <p class="muted">
            <strong>{t("memory.superseded")}</strong>
          </p>
        )}
        <Content memory={memory} passage={hit?.passage} words={words} />
        {hit?.exchange && (
          <div class="exchange">
            <strong>{t(`exchange.${hit.exchange.part}`)}</strong>
            <Content memory={hit.exchange.memory} passage={hit.exchange.passage} words={words} />
            <MemoryLink hash={hit.exchange.memory.content_hash}>{t("open")}</MemoryLink>
          </div>
        )}
        {hit && <Reasons hit={hit} />}
        <div class="about">
          {memory.memory_type && <TypeLink type={memory.memory_type} />}
          {memory.tags.filter(isChosenTag).map((tag) => <TagLink key={tag} tag={tag} />)}
          <span class="when">
            <Time at={memory.created_at} />
            {(memory.updated_at ?? 0) > (memory.created_at ?? 0) && `, ${t("memory.changed")}`}
          </span>
          <span class="actions">
            <a class="button" href={hrefOf("/memory", { hash })} aria-label={t("open.one", { name })}>{t("open")}</a>
            <a class="button" href={hrefOf("/memories", { similar: hash })} aria-label={t("similar.one", { name })}>
              {t("similar")}
            </a>
            {mayWrite.value && (
              <>
                <button type="button" aria-label={t("edit.one", { name })} onClick={() => editMemory(memory)}>
                  {t("edit")}
                </button>
                <button type="button" aria-label={t("delete.one", { name })} onClick={() => deleteMemories([memory])}>
                  {t("delete")}
                </button>
              </>
            )}
          </span>
        </div>
      </div>
    </li>
  );
}

function Content(
  { memory, passage, words }: { memory: Memory; passage?: Passage | null | undefined; words: string[] },
) {
  const { content, content_hash } = memory;
  const isLong = content.length > SHOWN && !unfolded.value.has(content_hash);
  const shown = isLong ? excerpt(content, passage ?? { start: 0, end: SHOWN }) : content;
  return (
    <>
      <p class="content" dir="auto">{marked(shown, words)}</p>
      {isLong && (
        <button
          type="button"
          class="quiet"
          aria-label={t("unfold.one", { name: shortened(content, 60) })}
          onClick={() => unfolded.value = new Set([...unfolded.value, content_hash])}
        >
          {t("unfold")}
        </button>
      )}
    </>
  );
}

/** Narrows the list to a type, keeping the other filters. */
function TypeLink({ type }: { type: string }) {
  const href = place.value.path === "/memories" ? hrefWith({ type }) : hrefOf("/memories", { type });
  return <a class="type" href={href} dir="auto">{type}</a>;
}

/** Narrows the list to a tag, beside those chosen already. */
function TagLink({ tag }: { tag: string }) {
  const { path, params } = place.value, chosen = path === "/memories" ? params.getAll("tag") : [];
  const href = path === "/memories"
    ? hrefWith({ tag: [...chosen.filter((other) => other !== tag), tag] })
    : hrefOf("/memories", { tag });
  return <a class="tag" dir="auto" href={href}>{tag}</a>;
}

/** A part of a text, with marks where more comes before and after it. */
function excerpt(text: string, { start, end }: Passage): string {
  return `${start > 0 ? "…" : ""}${text.slice(start, end).trim()}${end < text.length ? "…" : ""}`;
}

/** The text with the words of the query marked. */
export function marked(text: string, words: string[]) {
  return words.length === 0
    ? text
    : splitAtWords(text, words).map((part, index) => index % 2 === 1 ? <mark key={index}>{part}</mark> : part);
}
