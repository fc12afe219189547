/**
 * What can be done with the selected memories.
 *
 * @module
 */

import { signal } from "@preact/signals";
import type { Memory } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { ask } from "../store/dialogs.ts";
import { selected } from "../store/selection.ts";
import { t } from "../text.ts";
import { changeTags, deleteMemories, saveAs } from "./actions.ts";
import { enteredTags, TagField } from "./tag_field.tsx";

/** The bar; `shown` are the memories of the page. */
export function BulkBar({ shown }: { shown: Memory[] }) {
  const chosen = [...selected.value.values()], n = chosen.length;
  const all = shown.length > 0 && shown.every(({ content_hash }) => selected.value.has(content_hash));
  const toggleAll = () => {
    const next = new Map(selected.value);
    for (const memory of shown) all ? next.delete(memory.content_hash) : next.set(memory.content_hash, memory);
    selected.value = next;
  };
  const clear = () => selected.value = new Map();
  const remove = async () => {
    if (await deleteMemories(chosen)) clear();
  };
  const save = () => {
    const lines = chosen.map((memory) => JSON.stringify(memory)).join("\n");
    saveAs("unimem-selection.jsonl", `${lines}\n`, "application/x-ndjson");
  };
  if (shown.length === 0 && n === 0) return null;
  return (
    <div class={`bulk${n > 0 ? " active" : ""}`} role="group" aria-label={t("bulk")}>
      <label>
        <input type="checkbox" checked={all} onChange={toggleAll} /> {t("bulk.all")}
      </label>
      {n > 0 && (
        <>
          <span role="status">{t("bulk.count", { n })}</span>
          {mayWrite.value && <button type="button" onClick={() => tagMemories(chosen)}>{t("bulk.tag")}</button>}
          <button type="button" onClick={save}>{t("bulk.export")}</button>
          {mayWrite.value && <button type="button" onClick={remove}>{t("delete")}</button>}
          <button type="button" class="quiet" onClick={clear}>{t("bulk.clear")}</button>
        </>
      )}
    </div>
  );
}

async function tagMemories(memories: readonly Memory[]): Promise<void> {
  const add = signal<string[]>([]), adding = signal(""), remove = signal<string[]>([]), removing = signal("");
  await ask({
    title: t("bulk.tag.title", { n: memories.length }),
    body: () => (
      <>
        <TagField tags={add} typed={adding} label={t("bulk.tag.add")} />
        <TagField tags={remove} typed={removing} label={t("bulk.tag.remove")} />
      </>
    ),
    action: t("save"),
    submit: () => changeTags(memories, enteredTags(add, adding), enteredTags(remove, removing)),
  });
}
