/**
 * What narrows the list of memories: chips for what is chosen, fields for the rest. All of it is in the URL.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { fold } from "../fold.ts";
import { go, hrefWith, place } from "../router.ts";
import { isChosenTag, tags as known } from "../store/service.ts";
import { day, number, t } from "../text.ts";

/** Tags listed at once; the rest is found by typing. */
const SHOWN_TAGS = 60;
const MODES = ["hybrid", "semantic", "exact"] as const;
const ROLES = ["user", "assistant", "system", "tool"] as const;

/** The filters. */
export function Filters() {
  const { params } = place.value, isSearch = (params.get("q") ?? "") !== "", isSimilar = params.has("similar");
  const set = (name: string) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
    go(hrefWith({ [name]: event.currentTarget.value }), { replace: true });
  const view = params.get("view") === "lines" ? "lines" : "cards";
  return (
    <div class="filters">
      <Chips />
      <div class="fields">
        {!isSimilar && (
          <details class="more">
            <summary>{t("filters")}</summary>
            <div class="fields">
              <Field label={t("type")}>
                <input value={params.get("type") ?? ""} maxLength={256} dir="auto" onChange={set("type")} />
              </Field>
              <Field label={t("filters.from")}>
                <input type="date" value={params.get("from") ?? ""} onChange={set("from")} />
              </Field>
              <Field label={t("filters.to")}>
                <input type="date" value={params.get("to") ?? ""} onChange={set("to")} />
              </Field>
              <Field label={t("filters.role")}>
                <select value={params.get("role") ?? ""} onChange={set("role")}>
                  <option value="">{t("any")}</option>
                  {ROLES.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}
                </select>
              </Field>
              <Field label={t("filters.old")}>
                <select value={params.get("old") ?? ""} onChange={set("old")}>
                  <option value="">{t("filters.old.without")}</option>
                  <option value="1">{t("filters.old.with")}</option>
                </select>
              </Field>
              <Field label={t("filters.match")}>
                <select value={params.get("all") ?? ""} onChange={set("all")}>
                  <option value="">{t("filters.match.any")}</option>
                  <option value="1">{t("filters.match.all")}</option>
                </select>
              </Field>
            </div>
            <TagPicker />
          </details>
        )}
        {isSearch && (
          <Field label={t("search.mode")}>
            <select value={params.get("mode") ?? "hybrid"} onChange={set("mode")}>
              {MODES.map((mode) => <option key={mode} value={mode}>{t(`mode.${mode}`)}</option>)}
            </select>
          </Field>
        )}
        {!isSimilar && (
          <Field label={t("sort")}>
            <select value={params.get("sort") ?? ""} onChange={set("sort")}>
              <option value="">{t(isSearch ? "sort.best" : "sort.newest")}</option>
              <option value="oldest">{t(isSearch ? "sort.bestByTime" : "sort.oldest")}</option>
            </select>
          </Field>
        )}
        <Field label={t("view")}>
          <select value={view} onChange={set("view")}>
            <option value="cards">{t("view.cards")}</option>
            <option value="lines">{t("view.lines")}</option>
          </select>
        </Field>
      </div>
    </div>
  );
}

function Field({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    <label class="small-field">
      <span>{label}</span>
      {children}
    </label>
  );
}

/** What is chosen; each chip leads to the same list without it. */
function Chips() {
  const { params } = place.value, chips: { key: string; text: string; href: string }[] = [];
  const one = (name: string, text: (value: string) => string) => {
    const value = params.get(name);
    if (value) chips.push({ key: name, text: text(value), href: hrefWith({ [name]: null }) });
  };
  one("q", (q) => t("chip.query", { q }));
  one("similar", (hash) => t("chip.similar", { hash: hash.slice(0, 10) }));
  const tags = params.getAll("tag");
  for (const tag of tags) {
    chips.push({
      key: `tag ${tag}`,
      text: t("chip.tag", { tag }),
      href: hrefWith({ tag: tags.filter((other) => other !== tag) }),
    });
  }
  one("type", (type) => t("chip.type", { type }));
  one("from", (date) => t("chip.from", { date: day(date) }));
  one("to", (date) => t("chip.to", { date: day(date) }));
  one(
    "role",
    (role) => t("chip.role", { role: ROLES.find((known) => known === role) ? t(`role.${role as "user"}`) : role }),
  );
  one("conversation", (id) => t("chip.conversation", { id }));
  one("old", () => t("filters.old.with"));
  if (chips.length === 0) return null;
  return (
    <ul class="chips" aria-label={t("filters.chosen")}>
      {chips.map(({ key, text, href }) => (
        <li key={key} class="chip">
          <span dir="auto">{text}</span>
          <a class="quiet" href={href} aria-label={t("chip.remove", { text })}>×</a>
        </li>
      ))}
      <li>
        <a class="button" href="/memories">{t("filters.clear")}</a>
      </li>
    </ul>
  );
}

/** All tags with their counts, found by typing; those of uploads only when typed for. */
function TagPicker() {
  const typed = useSignal(""), chosen = place.value.params.getAll("tag"), wanted = fold(typed.value.trim());
  const matching = known.value.filter(({ tag }) => wanted === "" ? isChosenTag(tag) : fold(tag).includes(wanted));
  const toggle = (tag: string) =>
    hrefWith({ tag: chosen.includes(tag) ? chosen.filter((t) => t !== tag) : [...chosen, tag] });
  return (
    <div class="tag-picker">
      <label class="small-field">
        <span>{t("tags.find")}</span>
        <input
          type="search"
          value={typed.value}
          dir="auto"
          onInput={(event) => typed.value = event.currentTarget.value}
        />
      </label>
      <ul class="tags" aria-label={t("tags")}>
        {matching.slice(0, SHOWN_TAGS).map(({ tag, count }) => (
          <li key={tag}>
            <a class="tag" href={toggle(tag)} aria-current={chosen.includes(tag) ? "true" : undefined}>
              <span dir="auto">{tag}</span> <small>{number(count)}</small>
            </a>
          </li>
        ))}
      </ul>
      {matching.length > SHOWN_TAGS && (
        <p class="muted">
          {t("tags.more", { n: matching.length - SHOWN_TAGS })} <a href="/tags">{t("tags.all")}</a>
        </p>
      )}
    </div>
  );
}
