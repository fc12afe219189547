/**
 * Spaces: made, renamed, merged, deleted, exported; memories moved between them.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { expectOwn } from "../live.ts";
import { Time, Waiting } from "../parts/common.tsx";
import { download } from "../parts/download.ts";
import { enteredTags, TagField } from "../parts/tag_field.tsx";
import { chooseSpace, go, hrefOf, hrefWith, space } from "../router.ts";
import { loadCaller } from "../store/caller.ts";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify, orNotify } from "../store/notices.ts";
import { bytes, t } from "../text.ts";

const DEFAULT = "default", LONGEST_NAME = 64;

interface Space {
  name: string;
  memories: number;
  trashed: number;
  created_at: string | null;
}
interface Moved {
  message: string;
  affected_count: number;
}

/** Bytes of a running export by the name of its space. */
const exporting = signal<ReadonlyMap<string, number>>(new Map());

/** The spaces with what they hold. */
export function Spaces() {
  const loaded = useData(`spaces#${revision.value}`, (abort) => get<{ spaces: Space[] }>("/api/spaces", {}, abort)),
    spaces = loaded.data?.spaces ?? [];
  return (
    <>
      <p class="lead">{t("spaces.lead")}</p>
      <p class="buttons">
        <button type="button" class="primary" onClick={make}>{t("spaces.make")}</button>
      </p>
      <Waiting of={loaded} />
      <ul class="documents" aria-label={t("access.spaces")}>
        {spaces.map((one) => <Item key={one.name} one={one} spaces={spaces} />)}
      </ul>
    </>
  );
}

function Item({ one, spaces }: { one: Space; spaces: readonly Space[] }) {
  const { name, memories, trashed, created_at } = one, read = exporting.value.get(name);
  const button = (key: "move" | "merge" | "rename" | "export", run: () => void, more: { disabled?: boolean } = {}) => (
    <button type="button" aria-label={t(`spaces.${key}.one`, { name })} onClick={run} {...more}>
      {t(key === "export" ? "export.start" : `spaces.${key}`)}
    </button>
  );
  return (
    <li>
      <a href={hrefOf("/memories", { space: name })} dir="auto">
        <strong>{name}</strong>
      </a>
      <span>{t("count.memories", { n: memories })}</span>
      {trashed > 0 && <span class="muted">{t("spaces.trashed", { n: trashed })}</span>}
      {created_at !== null && (
        <span class="muted">
          {t("spaces.made")} <Time at={Date.parse(created_at) / 1000} />
        </span>
      )}
      <span class="actions">
        {button("export", () => exportOne(name), { disabled: read !== undefined })}
        {memories > 0 && button("move", () => move(one, spaces))}
        {spaces.length > 1 && button("merge", () => merge(one, spaces))}
        {name !== DEFAULT && (
          <>
            {button("rename", () => rename(one))}
            <button
              type="button"
              class="danger"
              aria-label={t("spaces.delete.one", { name })}
              onClick={() => remove(one)}
            >
              {t("delete")}
            </button>
          </>
        )}
      </span>
      <p role="status" class="muted">{read !== undefined && t("export.running", { size: bytes(read) })}</p>
    </li>
  );
}

const path = (name: string, more = "") => `/api/spaces/${encodeURIComponent(name)}${more}`;

function NameField({ name, label }: { name: { value: string }; label: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        required
        data-first
        pattern={`[a-z0-9._\\-]{1,${LONGEST_NAME}}`}
        title={t("spaces.name.hint")}
        dir="auto"
        value={name.value}
        onInput={(event) => name.value = event.currentTarget.value}
      />
      <small>{t("spaces.name.hint")}</small>
    </label>
  );
}

/** Everything that shows spaces asks again: the list, and the choice below the navigation. */
function done(message: string): void {
  changed();
  loadCaller().catch(() => {});
  notify(message);
}

async function make(): Promise<void> {
  const name = signal("");
  let message = "";
  const sent = await ask({
    title: t("spaces.make"),
    body: () => <NameField name={name} label={t("access.name")} />,
    action: t("spaces.make"),
    submit: async () => {
      const answer = await call<{ success: boolean; message: string }>("POST", "/api/spaces", {
        body: { name: name.value.trim() },
      });
      if (!answer.success) throw new Error(t("spaces.there", { name: name.value.trim() }));
      message = answer.message;
    },
  });
  if (sent) done(message);
}

async function rename({ name }: Space): Promise<void> {
  const wanted = signal(name);
  const sent = await ask({
    title: t("spaces.rename.one", { name }),
    body: () => (
      <>
        <NameField name={wanted} label={t("tags.rename.name")} />
        <p class="muted">{t("spaces.rename.text")}</p>
      </>
    ),
    action: t("save"),
    submit: async () => void await call("PUT", path(name), { body: { name: wanted.value.trim() } }),
  });
  if (!sent) return;
  // What was shown of the space is under its new name.
  if (space.value === name) go(hrefWith({ space: wanted.value.trim() }), { replace: true });
  done(t("done.saved"));
}

/** A field for another space: one that is there, or, to move to, a new one. */
function OtherField({ value, others }: { value: { value: string }; others: readonly Space[] }) {
  return (
    <label class="field">
      <span>{t("spaces.to")}</span>
      <input
        required
        data-first
        list="other-spaces"
        maxLength={LONGEST_NAME}
        dir="auto"
        value={value.value}
        onInput={(event) => value.value = event.currentTarget.value}
      />
      <datalist id="other-spaces">{others.map(({ name }) => <option key={name} value={name} />)}</datalist>
    </label>
  );
}

const without = (spaces: readonly Space[], name: string) => spaces.filter((other) => other.name !== name);

/** Moves the memories with any of some tags, after saying how many they are. */
async function move({ name }: Space, spaces: readonly Space[]): Promise<void> {
  const to = signal(""), tags = signal<string[]>([]), typed = signal("");
  const body = () => ({ to: to.value.trim(), tags: enteredTags(tags, typed) });
  let found: Moved | undefined;
  const asked = await ask({
    title: t("spaces.move.one", { name }),
    body: () => (
      <>
        <OtherField value={to} others={without(spaces, name)} />
        <TagField tags={tags} typed={typed} label={t("spaces.move.tags")} />
        <p class="muted">{t("spaces.move.text")}</p>
      </>
    ),
    action: t("spaces.count"),
    submit: async () => {
      found = await call<Moved>("POST", path(name, "/move"), { body: { ...body(), dry_run: true } });
      if (found.affected_count === 0) throw new Error(t("spaces.move.none"));
    },
  });
  if (!asked || found === undefined) return;
  await confirmed(t("spaces.move.one", { name }), t("spaces.move"), found.affected_count, {
    text: t("spaces.move.confirm", { n: found.affected_count, name: body().to }),
    run: (confirm_count) => call<Moved>("POST", path(name, "/move"), { body: { ...body(), confirm_count } }),
  });
}

/** Moves everything to another space, after saying how much that is. */
async function merge({ name }: Space, spaces: readonly Space[]): Promise<void> {
  const others = without(spaces, name), into = signal(others[0]!.name);
  let found: Moved | undefined;
  const asked = await ask({
    title: t("spaces.merge.one", { name }),
    body: () => (
      <>
        <OtherField value={into} others={others} />
        <p class="muted">{t("spaces.merge.text")}</p>
      </>
    ),
    action: t("spaces.count"),
    submit: async () => {
      const body = { into: into.value.trim(), dry_run: true };
      found = await call<Moved>("POST", path(name, "/merge"), { body });
    },
  });
  if (!asked || found === undefined) return;
  const body = { into: into.value.trim() };
  const isGone = await confirmed(t("spaces.merge.one", { name }), t("spaces.merge"), found.affected_count, {
    text: t("spaces.merge.confirm", { n: found.affected_count, name: body.into }),
    run: (confirm_count) => call<Moved>("POST", path(name, "/merge"), { body: { ...body, confirm_count } }),
  });
  if (isGone && space.value === name) chooseSpace(null);
}

/** Deletes a space; its number of memories must be typed. */
async function remove({ name }: Space): Promise<void> {
  const found = await orNotify(() => call<Moved>("DELETE", path(name), { query: { dry_run: true } }));
  if (found === undefined) return;
  const typed = signal(""), n = found.affected_count;
  const isGone = await confirmed(t("spaces.delete.one", { name }), t("delete"), n, {
    text: t("spaces.delete.text", { n, name }),
    typed: n > 0 ? typed : undefined,
    danger: true,
    run: (confirm_count) => call<Moved>("DELETE", path(name), { query: { confirm_count } }),
  });
  if (isGone && space.value === name) chooseSpace(null);
}

/** Asks once more, with the number that will be touched, then does it; false when the question was left. */
async function confirmed(
  title: string,
  action: string,
  count: number,
  { text, typed, danger = false, run }: {
    text: string;
    /** Takes the number that the reader types, where one must be. */
    typed?: { value: string } | undefined;
    danger?: boolean;
    run: (count: number) => Promise<Moved>;
  },
): Promise<boolean> {
  let message = "";
  const sent = await ask({
    title,
    body: () => (
      <>
        <p dir="auto">{text}</p>
        {typed && (
          <label class="field">
            <span>{t("spaces.delete.count", { n: count })}</span>
            <input
              required
              data-first
              inputMode="numeric"
              pattern={String(count)}
              autocomplete="off"
              value={typed.value}
              onInput={(event) => typed.value = event.currentTarget.value}
            />
          </label>
        )}
      </>
    ),
    action,
    danger,
    submit: async () => {
      expectOwn(null);
      ({ message } = await run(typed ? Number(typed.value) : count));
    },
  });
  if (sent) done(message);
  return sent;
}

function exportOne(name: string): void {
  const progress = (read: number | null) => {
    const all = new Map(exporting.value);
    if (read === null) all.delete(name);
    else all.set(name, read);
    exporting.value = all;
  };
  const file = `unimem-${name}-${new Date().toISOString().slice(0, 10)}.jsonl`, type = "application/x-ndjson";
  const headers = { "X-Unimem-Space": name };
  orNotify(() => download({ path: "/api/export", name: file, type, headers, onProgress: progress }))
    .then(() => progress(null));
}
