/**
 * Keys: made, given another token, ended.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { call, get, useNewKey } from "../api.ts";
import { useData } from "../data.ts";
import { Time, Waiting } from "../parts/common.tsx";
import { changed, revision } from "../store/changed.ts";
import { ask } from "../store/dialogs.ts";
import { notify, orNotify } from "../store/notices.ts";
import { day, t } from "../text.ts";

const RIGHTS = ["read", "write", "admin"] as const;

interface Key {
  id: string;
  name: string;
  rights: typeof RIGHTS[number];
  write: "all" | string[];
  read: "all" | string[];
  created_at: string;
  expires_at: string | null;
  expired: boolean;
  last_used: string | null;
  rotating_until: string | null;
}
interface Made {
  key: Key;
  token: string;
}

/** The keys. */
export function Keys() {
  const loaded = useData(`keys#${revision.value}`, (abort) => get<{ keys: Key[] }>("/api/keys", {}, abort)),
    { data } = loaded;
  return (
    <>
      <p class="buttons">
        <button type="button" class="primary" onClick={() => makeKey(data?.keys.length === 0)}>{t("keys.make")}</button>
      </p>
      <Waiting of={loaded} />
      {data?.keys.length === 0 && <p class="empty">{t("keys.none")}</p>}
      {data && data.keys.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("access.keys")}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{t("access.name")}</th>
                <th scope="col">{t("access.rights")}</th>
                <th scope="col">{t("access.spaces")}</th>
                <th scope="col">{t("keys.used")}</th>
                <th scope="col">{t("keys.expires")}</th>
                <th scope="col">
                  <span class="hidden">{t("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.keys.map((key) => (
                <tr key={key.id}>
                  <th scope="row" dir="auto">{key.name}</th>
                  <td>{t(`rights.${key.rights}`)}</td>
                  <td dir="auto">{spacesOf(key)}</td>
                  <td>{key.last_used === null ? t("keys.never") : <Time at={Date.parse(key.last_used) / 1000} />}</td>
                  <td>
                    {key.expires_at === null ? t("keys.never") : day(Date.parse(key.expires_at) / 1000)}
                    {key.expired && <strong class="error">{t("keys.expired")}</strong>}
                  </td>
                  <td>
                    <span class="buttons">
                      <button
                        type="button"
                        aria-label={t("keys.rotate.one", { name: key.name })}
                        onClick={() => rotate(key)}
                      >
                        {t("keys.rotate")}
                      </button>
                      <button type="button" aria-label={t("keys.end.one", { name: key.name })} onClick={() => end(key)}>
                        {t("keys.end")}
                      </button>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function spacesOf({ write, read, rights }: Key): string {
  const names = (spaces: "all" | string[]) => spaces === "all" ? t("access.all") : spaces.join(", ");
  const parts = [
    rights !== "read" && t("keys.writes", { names: names(write) }),
    t("keys.reads", { names: names(read) }),
  ];
  return parts.filter(Boolean).join("; ");
}

/** Asks what the key allows, makes it, and shows its token, which can't be found out again. */
async function makeKey(isFirst: boolean): Promise<void> {
  const name = signal(""), rights = signal<typeof RIGHTS[number]>("write"), write = signal(""), read = signal("");
  const days = signal("");
  let made: Made | undefined;
  const text = (key: Parameters<typeof t>[0], value: typeof name, more: Record<string, unknown> = {}) => (
    <label class="field">
      <span>{t(key)}</span>
      <input value={value.value} dir="auto" onInput={(event) => value.value = event.currentTarget.value} {...more} />
    </label>
  );
  const sent = await ask({
    title: t("keys.make"),
    body: () => (
      <>
        {isFirst && <p class="banner">{t("keys.first")}</p>}
        {text("access.name", name, { required: true, maxLength: 100, "data-first": true })}
        <label class="field">
          <span>{t("access.rights")}</span>
          <select value={rights.value} onChange={(event) => rights.value = event.currentTarget.value as "read"}>
            {RIGHTS.map((one) => <option key={one} value={one}>{t(`rights.${one}`)}</option>)}
          </select>
        </label>
        {rights.value !== "read" &&
          text("keys.write", write, { placeholder: rights.value === "admin" ? "*" : "default" })}
        {text("keys.read", read)}
        {text("keys.days", days, { type: "number", min: 1, max: 36500 })}
        <p class="muted">{t("keys.spaces.hint")}</p>
      </>
    ),
    action: t("keys.make"),
    submit: async () => {
      const body = {
        name: name.value.trim(),
        rights: rights.value,
        ...rights.value === "read" ? {} : listed("write", write.value),
        ...listed("read", read.value),
        ...days.value === "" ? {} : { expires_in_days: Number(days.value) },
      };
      made = await call<Made>("POST", "/api/keys", { body });
    },
  });
  if (!sent || made === undefined) return;
  await showToken(made, isFirst && made.key.rights === "admin");
  changed();
}

/** Names of spaces with commas between them; `*` for all. */
function listed(field: "write" | "read", text: string): Record<string, "all" | string[]> {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  if (names.length === 0) return {};
  return { [field]: names.includes("*") ? "all" : names };
}

async function showToken({ key, token }: Made, use: boolean): Promise<void> {
  // From the first key on every request needs one; without it this page would be locked out.
  if (use) useNewKey(token);
  await ask({
    title: t("keys.token", { name: key.name }),
    body: () => (
      <>
        <p>{t("keys.token.text")}</p>
        <pre class="code" tabIndex={0} role="region" aria-label={t("keys.token", { name: key.name })}>{token}</pre>
      </>
    ),
    action: t("copy"),
    submit: async () => {
      await navigator.clipboard.writeText(token);
      notify(t("done.copied"));
    },
  });
}

async function rotate(key: Key): Promise<void> {
  let made: Made | undefined;
  const sent = await ask({
    title: t("keys.rotate"),
    body: () => <p>{t("keys.rotate.text", { name: key.name })}</p>,
    action: t("keys.rotate"),
    submit: async () =>
      void (made = await call<Made>("POST", `/api/keys/${encodeURIComponent(key.id)}/rotate`, { body: {} })),
  });
  if (sent && made) await showToken(made, false);
  changed();
}

async function end(key: Key): Promise<void> {
  const sent = await ask({
    title: t("keys.end"),
    body: () => <p>{t("keys.end.text", { name: key.name })}</p>,
    action: t("keys.end"),
    danger: true,
    submit: async () => void await call("DELETE", `/api/keys/${encodeURIComponent(key.id)}`),
  });
  if (sent) await orNotify(() => Promise.resolve(changed()));
}
