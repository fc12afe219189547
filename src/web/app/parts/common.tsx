/**
 * Small parts that many pages have.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { keyDeclined } from "../api.ts";
import type { Loaded } from "../data.ts";
import { changes } from "../live.ts";
import { hrefOf, hrefWith } from "../router.ts";
import { caller, mayWrite } from "../store/caller.ts";
import { seen, showChanges } from "../store/changed.ts";
import { ago, dateTime, number, t } from "../text.ts";

/** A page's heading, with what can be done beside it. */
export function Heading({ title, children }: { title: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class="heading">
      <h1 dir="auto">{title}</h1>
      {children && <div class="buttons">{children}</div>}
    </div>
  );
}

/** What only those see who may change something. */
export function Writing({ children }: { children: ComponentChildren }) {
  return mayWrite.value ? <>{children}</> : null;
}

/** What stands in the place of what the reader has no right to; nothing is said before the rights are known. */
export function NotForAll({ text }: { text: string }) {
  return caller.value === null ? <p class="muted" role="status">{t("loading")}</p> : <p class="muted">{text}</p>;
}

/** When something happened, short; the whole time is for the tooltip. */
export function Time({ at }: { at: number | null | undefined }) {
  if (at == null) return <span>{t("unknown")}</span>;
  return <time dateTime={new Date(at * 1000).toISOString()} title={dateTime(at)}>{ago(at)}</time>;
}

/** A text in a few characters of its first lines. */
export function shortened(text: string, length: number): string {
  const line = text.slice(0, 4 * length).replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length).trimEnd()}…` : line;
}

/** Says that others changed something, without touching what is shown. */
export function News() {
  const count = changes.value - seen.value;
  return (
    <p class="news" role="status">
      {count > 0 && <button type="button" onClick={showChanges}>{t("live.news", { n: count })}</button>}
    </p>
  );
}

/** What stands in the place of data that aren't there: still loading, or what went wrong. */
export function Waiting({ of: { data, error, loading, reload } }: { of: Loaded<unknown> }) {
  if (error !== null) {
    return (
      <p class="fault" role="alert">
        <span>{error.message}</span> <button type="button" onClick={() => again(reload)}>{t("retry")}</button>
      </p>
    );
  }
  return data === undefined && loading ? <p class="muted" role="status">{t("loading")}</p> : null;
}

/** The reader asks for it, so that the question for the key may come up again. */
function again(reload: () => void): void {
  keyDeclined.value = false;
  reload();
}

/** Links to other pages of a list; the page is in the URL. */
export function Pager({ page, pages }: { page: number; pages: number }) {
  if (pages < 2) return null;
  return (
    <nav class="pager" aria-label={t("pager")}>
      {page > 1 ? <a class="button" rel="prev" href={hrefWith({ page: page - 1 })}>{t("pager.previous")}</a> : <span />}
      <span>{t("pager.page", { page, pages: number(pages) })}</span>
      {page < pages ? <a class="button" rel="next" href={hrefWith({ page: page + 1 })}>{t("pager.next")}</a> : <span />}
    </nav>
  );
}

/** Names and values. */
export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A row of facts. */
export const fact = (name: string, value: ComponentChildren): readonly [string, ComponentChildren] => [name, value];

/** A link to a memory. */
export function MemoryLink({ hash, children }: { hash: string; children: ComponentChildren }) {
  return <a href={hrefOf("/memory", { hash })} dir="auto">{children}</a>;
}

/** A tag that leads to its memories. */
export function Tag({ tag, count }: { tag: string; count?: number }) {
  return (
    <a class="tag" href={hrefOf("/memories", { tag })}>
      <span dir="auto">{tag}</span>
      {count !== undefined && <small>{number(count)}</small>}
    </a>
  );
}
