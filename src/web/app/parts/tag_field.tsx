/**
 * A field for tags. Each tag is a chip of its own, since tags may hold commas, quotes or anything else.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isChosenTag, tags as known } from "../store/service.ts";
import { t } from "../text.ts";
import { fold } from "../fold.ts";

const SUGGESTED = 50;

/** The field; `tags` holds what was entered, `typed` what is not entered yet. */
export function TagField({ tags, typed, label }: { tags: Signal<string[]>; typed: Signal<string>; label?: string }) {
  const input = useRef<HTMLInputElement>(null), id = useRef(`tags-${Math.random().toString(36).slice(2)}`).current;
  const add = () => {
    const tag = typed.value.trim();
    typed.value = "";
    if (tag !== "" && !tags.value.includes(tag)) tags.value = [...tags.value, tag];
  };
  const press = (event: KeyboardEvent) => {
    if ((event.key === "Enter" || event.key === ",") && typed.value.trim() !== "") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && typed.value === "" && tags.value.length > 0) {
      tags.value = tags.value.slice(0, -1);
    }
  };
  const wanted = fold(typed.value.trim());
  const suggested = known.value.filter(({ tag }) => isChosenTag(tag) && (wanted === "" || fold(tag).includes(wanted)));
  return (
    <div class="field">
      <label for={id}>{label ?? t("tags")}</label>
      {tags.value.length > 0 && (
        <ul class="chips" aria-label={t("tags.entered")}>
          {tags.value.map((tag) => (
            <li key={tag} class="chip">
              <span dir="auto">{tag}</span>
              <button
                type="button"
                class="quiet"
                aria-label={t("tags.remove", { tag })}
                onClick={() => {
                  tags.value = tags.value.filter((other) => other !== tag);
                  input.current?.focus();
                }}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        ref={input}
        id={id}
        list={`${id}-known`}
        value={typed.value}
        maxLength={256}
        dir="auto"
        autocomplete="off"
        placeholder={t("tags.placeholder")}
        onInput={(event) => typed.value = event.currentTarget.value}
        onKeyDown={press}
      />
      <datalist id={`${id}-known`}>
        {suggested.slice(0, SUGGESTED).map(({ tag }) => <option key={tag} value={tag} />)}
      </datalist>
    </div>
  );
}

/** What the field holds, with what is typed but not entered yet. */
export function enteredTags(tags: Signal<string[]>, typed: Signal<string>): string[] {
  const rest = typed.value.trim();
  return rest === "" || tags.value.includes(rest) ? tags.value : [...tags.value, rest];
}
