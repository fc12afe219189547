/**
 * The relations of a memory: read, added and removed.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { call } from "../api.ts";
import { expectOwn } from "../live.ts";
import { hrefOf } from "../router.ts";
import type { Memory, Relation } from "../shapes.ts";
import { mayWrite } from "../store/caller.ts";
import { changed } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify, orNotify } from "../store/notices.ts";
import { t } from "../text.ts";
import { MemoryLink, shortened } from "./common.tsx";

const TYPES = ["relates_to", "supports", "precedes", "depends_on", "part_of", "contradicts"];

/** The relations; those that say what replaced what stand elsewhere. */
export function Relations(
  { hash, relations, memories }: { hash: string; relations: Relation[]; memories: ReadonlyMap<string, Memory> },
) {
  const shown = relations.filter(({ relation_type }) => relation_type !== "supersedes");
  return (
    <section>
      <h2>{t("relations")}</h2>
      {shown.length === 0 && <p class="muted">{t("relations.none")}</p>}
      <ul class="plain-list">
        {shown.map((relation) => {
          const { source, target, relation_type } = relation, other = source === hash ? target : source;
          const name = shortened(memories.get(other)?.content ?? other, 120);
          return (
            <li key={`${source} ${target} ${relation_type}`}>
              <span class="type">{source === hash ? `${relation_type} →` : `← ${relation_type}`}</span>{" "}
              <MemoryLink hash={other}>{name}</MemoryLink>{" "}
              <button
                type="button"
                class="quiet"
                aria-label={t("relations.remove.one", { name })}
                onClick={() => remove(relation)}
              >
                ×
              </button>
            </li>
          );
        })}
      </ul>
      <p class="buttons">
        {mayWrite.value && <button type="button" onClick={() => add(hash)}>{t("relations.add")}</button>}
        {shown.length > 0 && <a class="button" href={hrefOf("/map", { show: "graph", hash })}>{t("relations.graph")}
        </a>}
      </p>
    </section>
  );
}

async function add(hash: string): Promise<void> {
  const target = signal(""), type = signal(TYPES[0]!);
  const sent = await ask({
    title: t("relations.add"),
    body: () => (
      <>
        <label class="field">
          <span>{t("relations.target")}</span>
          <input
            required
            data-first
            value={target.value}
            autocomplete="off"
            onInput={(event) => target.value = event.currentTarget.value}
          />
          <small>{t("relations.target.hint")}</small>
        </label>
        <label class="field">
          <span>{t("relations.type")}</span>
          <input
            required
            list="relation-types"
            value={type.value}
            onInput={(event) => type.value = event.currentTarget.value}
          />
          <datalist id="relation-types">{TYPES.map((name) => <option key={name} value={name} />)}</datalist>
        </label>
      </>
    ),
    action: t("relations.add"),
    submit: async () => {
      // An address of a memory's page may be pasted as it is.
      const target_hash = /[?&]hash=([0-9a-f]{10,64})/.exec(target.value)?.[1] ?? target.value.trim();
      await call("POST", `/api/memories/${hash}/relations`, { body: { target_hash, relation_type: type.value } });
    },
  });
  if (sent) changed();
}

function remove({ source, target, relation_type }: Relation): void {
  orNotify(async () => {
    expectOwn([source, target]);
    await call("DELETE", `/api/memories/${source}/relations`, { query: { target_hash: target, relation_type } });
    changed();
    notify(t("done.unrelated"), {
      label: t("undo"),
      run: async () => {
        await call("POST", `/api/memories/${source}/relations`, { body: { target_hash: target, relation_type } });
        changed();
      },
    });
  });
}
