/**
 * What is around every page: header, navigation, messages and dialogs.
 *
 * @module
 */

import { signal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { away, comebacks, forgetKey, hasKey, keyDeclined, newKey } from "./api.ts";
import { uploadFiles } from "./pages/upload.ts";
import { DialogHost } from "./parts/dialog.tsx";
import { newMemory } from "./parts/editor.tsx";
import { Notices } from "./parts/notices.tsx";
import { chooseSpace, go, hrefOf, place, space } from "./router.ts";
import { NAVIGATION, routeOf, ROUTES, SECTION, SHOWN } from "./routes.tsx";
import { caller, loadCaller, mayWrite } from "./store/caller.ts";
import { health, loadHealth, loadTags } from "./store/service.ts";
import { chooseTheme, theme, THEMES } from "./store/theme.ts";
import { chooseLanguage, language, LANGUAGES, t } from "./text.ts";

const menuOpen = signal(false);
const LANGUAGE_NAMES = { en: "English", de: "Deutsch" };

/** The whole page. */
export function Shell() {
  const { path } = place.value, route = routeOf(path) ?? ROUTES["/"], Page = route.page;
  useSignalEffect(() => {
    document.title = `${t((routeOf(place.value.path) ?? ROUTES["/"]).title)} · Unimem`;
    document.documentElement.lang = language.value;
    menuOpen.value = false;
  });
  useShortcuts();
  const dropping = useDrop();
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t("shell.skip")}</a>
      <Header />
      <Navigation current={SECTION[path] ?? path} />
      <main id="main" tabIndex={-1}>
        {away.value && <p class="banner" role="alert">{t("away.long")}</p>}
        <Page key={path} />
      </main>
      {dropping && <div class="drop" aria-hidden="true">{t("documents.drop")}</div>}
      <Notices />
      <DialogHost />
    </>
  );
}

function skip(event: Event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Header() {
  const input = useRef<HTMLInputElement>(null), query = place.value.params.get("q") ?? "";
  const shown = place.value.path === "/memories" ? query : "";
  useEffect(() => {
    if (input.current) input.current.value = shown;
  }, [shown]);
  const send = (event: Event) => {
    event.preventDefault();
    const params = place.value.path === "/memories" ? new URLSearchParams(place.value.params) : new URLSearchParams();
    for (const name of ["page", "similar", "sort"]) params.delete(name);
    const text = input.current!.value.trim();
    if (text === "") params.delete("q");
    else params.set("q", text);
    go(params.size === 0 ? "/memories" : `/memories?${params}`);
  };
  return (
    <header>
      <button
        type="button"
        class="menu quiet"
        aria-expanded={menuOpen.value}
        aria-controls="navigation"
        onClick={() => menuOpen.value = !menuOpen.value}
      >
        <span aria-hidden="true">☰</span>
        <span class="hidden">{t("shell.menu")}</span>
      </button>
      <a class="brand" href="/">
        <img src="/docs/icon.svg" alt="" width="26" height="26" />
        <span>Unimem</span>
      </a>
      <form role="search" aria-label={t("search.all")} class="search" onSubmit={send}>
        <input
          ref={input}
          id="query"
          type="search"
          name="q"
          maxLength={10_000}
          aria-label={t("search.label")}
          placeholder={t("search.placeholder")}
          dir="auto"
          autoComplete="off"
          onInput={(event) => event.currentTarget.value === "" && shown !== "" && send(event)}
        />
        <button type="submit">{t("search.go")}</button>
      </form>
      {mayWrite.value && (
        <button type="button" class="primary" onClick={newMemory} title={t("shell.shortcut", { key: "n" })}>
          <span aria-hidden="true">+</span> <span class="wide">{t("memory.new")}</span>
          <span class="hidden narrow">{t("memory.new")}</span>
        </button>
      )}
    </header>
  );
}

function Navigation({ current }: { current: string }) {
  return (
    <aside id="navigation" aria-label={t("shell.side")} class={menuOpen.value ? "open" : ""}>
      <nav aria-label={t("shell.navigation")}>
        {NAVIGATION.map((group, index) => (
          <ul key={index}>
            {group.filter((path) => SHOWN[path]?.value ?? true).map((path) => (
              <li key={path}>
                <a href={path} aria-current={path === current ? "page" : undefined}>{t(ROUTES[path].title)}</a>
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <HealthLine />
      <div class="choices">
        <Spaces />
        <label>
          <span>{t("shell.colours")}</span>
          <select
            value={theme.value}
            onChange={(event) => chooseTheme(event.currentTarget.value as typeof theme.value)}
          >
            {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
          </select>
        </label>
        <label>
          <span>{t("shell.language")}</span>
          <select
            value={language.value}
            onChange={(event) => chooseLanguage(event.currentTarget.value as typeof language.value)}
          >
            {LANGUAGES.map((name) => <option key={name} value={name} lang={name}>{LANGUAGE_NAMES[name]}</option>)}
          </select>
        </label>
        {(hasKey.value || keyDeclined.value) && (
          <span class="buttons">
            <button type="button" onClick={giveKey}>{t(hasKey.value ? "key.change" : "key.title")}</button>
            {hasKey.value && (
              <button type="button" onClick={() => (forgetKey(), location.reload())}>{t("key.forget")}</button>
            )}
          </span>
        )}
      </div>
    </aside>
  );
}

/** The space that is worked in, where there are several. */
function Spaces() {
  const known = caller.value;
  useEffect(() => {
    loadCaller().catch(() => {});
    loadHealth().catch(() => {});
    loadTags().catch(() => {});
  }, [space.value, comebacks.value, hasKey.value]);
  if (known === null) return null;
  const listed = new Set([
    ...known.may_write === "all" ? [] : known.may_write,
    ...known.may_read === "all" ? [] : known.may_read,
  ]);
  listed.add(known.space);
  if (space.value !== null) listed.add(space.value);
  if (listed.size < 2 && known.may_read !== "all") return null;
  return (
    <label>
      <span>{t("access.space")}</span>
      <input
        key={known.space}
        list="known-spaces"
        defaultValue={known.space}
        dir="auto"
        maxLength={64}
        onChange={(event) => chooseSpace(event.currentTarget.value.trim() || null)}
      />
      <datalist id="known-spaces">{[...listed].map((name) => <option key={name} value={name} />)}</datalist>
    </label>
  );
}

/** With another key everything is asked for again. */
async function giveKey() {
  if (await newKey()) comebacks.value++;
}

/** How the service fares, in a line. */
function HealthLine() {
  const known = health.value, state = away.value ? "away" : known?.status ?? "connecting";
  const name = state === "healthy" || state === "degraded" || state === "unhealthy" || state === "away"
    ? state
    : "connecting";
  const count = known?.storage.total_memories;
  return (
    <p class="health" role="status">
      <a href="/service">
        <span class={`dot ${name}`} aria-hidden="true" />
        {t(`health.${name}`)}
        {count != null && name !== "away" && ` · ${t("count.memories", { n: count })}`}
      </a>
    </p>
  );
}

/** `/` goes to the search field, `n` begins a new memory. */
function useShortcuts() {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isTyping = (event.target as Element).closest?.("input, textarea, select, dialog");
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") document.getElementById("query")?.focus();
      else if (event.key === "n" && mayWrite.value) newMemory();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** Files may be dropped on any page. Whether some are held over it. */
function useDrop(): boolean {
  const held = useRef(signal(false)).current;
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      held.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) held.value = false;
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      held.value = false;
      go(hrefOf("/documents"));
      uploadFiles([...event.dataTransfer!.files]);
    };
    const listeners = { dragover: over, dragleave: leave, drop } as const;
    for (const [type, listener] of Object.entries(listeners)) addEventListener(type, listener as EventListener);
    return () => {
      for (const [type, listener] of Object.entries(listeners)) removeEventListener(type, listener as EventListener);
    };
  }, []);
  return held.value;
}
