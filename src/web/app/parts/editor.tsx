/**
 * The dialogs that store and change a memory.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { call } from "../api.ts";
import { expectOwn } from "../live.ts";
import { go, hrefOf, place } from "../router.ts";
import type { Memory } from "../shapes.ts";
import { changed } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify } from "../store/notices.ts";
import { t } from "../text.ts";
import { enteredTags, TagField } from "./tag_field.tsx";

const TYPES = ["note", "decision", "preference", "reference", "task", "document"];
const DRAFT = "unimem-draft";

interface Stored {
  success: boolean;
  message: string;
  content_hash: string;
}

/** Asks for a new memory and stores it. What was typed is kept in the tab until it is stored. */
export async function newMemory(): Promise<void> {
  const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") as {
    content?: string;
    tags?: string[];
    type?: string;
  };
  const chosen = place.value.path === "/memories" ? place.value.params.getAll("tag") : [];
  const content = signal(draft.content ?? ""), tags = signal(draft.tags ?? chosen), typed = signal("");
  const type = signal(draft.type ?? "");
  const stop = content.subscribe(() => keepDraft(content, tags, type));
  let hash = "";
  const sent = await ask({
    title: t("memory.new"),
    wide: true,
    body: () => (
      <>
        <ContentField content={content} label={t("editor.content")} hint={t("editor.content.hint")} />
        <TagField tags={tags} typed={typed} />
        <TypeField type={type} />
      </>
    ),
    action: t("editor.store"),
    submit: async () => {
      const body = { content: content.value, tags: enteredTags(tags, typed), memory_type: type.value.trim() || null };
      const answer = await call<Stored>("POST", "/api/memories", { body });
      expectOwn([answer.content_hash]);
      if (!answer.success) throw new Error(answer.message);
      hash = answer.content_hash;
    },
  });
  stop();
  if (!sent) return keepDraft(content, tags, type);
  sessionStorage.removeItem(DRAFT);
  changed();
  notify(t("done.stored"), { label: t("open"), run: () => go(hrefOf("/memory", { hash })) });
}

function keepDraft(content: Signal<string>, tags: Signal<string[]>, type: Signal<string>): void {
  if (content.value.trim() === "") sessionStorage.removeItem(DRAFT);
  else sessionStorage.setItem(DRAFT, JSON.stringify({ content: content.value, tags: tags.value, type: type.value }));
}

/**
 * Asks for another content, tags and type. Another content is another memory, which takes the place of this one; the
 * dialog says so. Resolves with the hash of what holds now, null when nothing changed.
 */
export async function editMemory(memory: Memory): Promise<string | null> {
  const content = signal(memory.content), tags = signal(memory.tags), typed = signal("");
  const type = signal(memory.memory_type ?? ""), reason = signal("");
  let hash = memory.content_hash;
  const isOther = () => content.value.trim() !== memory.content.trim();
  const sent = await ask({
    title: t("memory.edit"),
    wide: true,
    body: () => (
      <>
        <ContentField content={content} label={t("editor.content")} hint={t("editor.supersedes")} />
        {isOther() && (
          <label class="field">
            <span>{t("editor.reason")}</span>
            <input
              value={reason.value}
              maxLength={1000}
              dir="auto"
              onInput={(event) => reason.value = event.currentTarget.value}
            />
          </label>
        )}
        <TagField tags={tags} typed={typed} />
        <TypeField type={type} />
      </>
    ),
    action: t("save"),
    submit: async () => {
      const body = { tags: enteredTags(tags, typed), memory_type: type.value.trim() };
      expectOwn([memory.content_hash]);
      if (!isOther()) {
        await call("PUT", `/api/memories/${memory.content_hash}`, { body });
        return;
      }
      const { metadata, conversation_id } = memory;
      const answer = await call<Stored>("POST", "/api/memories", {
        body: { ...body, content: content.value, metadata, conversation_id },
      });
      expectOwn([answer.content_hash]);
      hash = answer.content_hash;
      await call("POST", `/api/memories/${memory.content_hash}/supersede`, {
        body: { new_hash: hash, reason: reason.value },
      });
    },
  });
  if (!sent) return null;
  changed();
  if (hash === memory.content_hash) {
    notify(t("done.saved"));
    return hash;
  }
  notify(t("done.superseded"), {
    label: t("undo"),
    run: async () => {
      expectOwn([memory.content_hash, hash]);
      await call("DELETE", `/api/memories/${memory.content_hash}/supersede`);
      await call("DELETE", `/api/memories/${hash}`);
      // The page of what is gone by now has nothing to show any more.
      if (place.value.params.get("hash") === hash) {
        go(hrefOf("/memory", { hash: memory.content_hash }), { replace: true });
      }
      changed();
    },
  });
  return hash;
}

function ContentField({ content, label, hint }: { content: Signal<string>; label: string; hint: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <textarea
        rows={8}
        required
        dir="auto"
        data-first
        value={content.value}
        onInput={(event) => content.value = event.currentTarget.value}
      />
      <small>{hint}</small>
    </label>
  );
}

function TypeField({ type }: { type: Signal<string> }) {
  return (
    <label class="field">
      <span>{t("type")}</span>
      <input
        list="memory-types"
        maxLength={256}
        dir="auto"
        value={type.value}
        placeholder={t("type.none")}
        onInput={(event) => type.value = event.currentTarget.value}
      />
      <datalist id="memory-types">{TYPES.map((name) => <option key={name} value={name} />)}</datalist>
    </label>
  );
}
