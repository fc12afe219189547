/**
 * A field for tags. Each tag is a chip of its own, since tags may hold commas, quotes or anything else.
 *
 * @module
 */

import { el } from "./dom.js";

/** The field; `tags()` gives what it holds, with what is typed but not entered yet. */
export function tagField(initial, suggestions, { autofocus = false } = {}) {
  const tags = [...initial];
  const chips = el("ul", { class: "chips", "aria-label": "Tags of this memory" });
  const input = el("input", {
    list: "tag-suggestions",
    "aria-label": "Add a tag",
    placeholder: "Add a tag, then Enter",
    maxlength: "256",
    autofocus,
    keydown: onKey,
    change: add,
  });
  const known = el("datalist", { id: "tag-suggestions" }, ...suggestions.map((tag) => el("option", { value: tag })));
  const element = el("div", { class: "field tag-field" }, el("span", {}, "Tags"), chips, input, known);
  show();

  function show() {
    chips.replaceChildren(...tags.map((tag, index) => {
      const click = () => {
        tags.splice(index, 1);
        show();
        input.focus();
      };
      return el("li", {}, tag, el("button", { type: "button", "aria-label": `Remove the tag ${tag}`, click }, "×"));
    }));
  }

  function onKey(event) {
    if ((event.key === "Enter" || event.key === ",") && input.value.trim() !== "") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && input.value === "" && tags.length > 0) {
      tags.pop();
      show();
    }
  }

  function add() {
    const tag = input.value.trim();
    input.value = "";
    if (tag === "" || tags.includes(tag)) return;
    tags.push(tag);
    show();
  }

  return {
    element,
    tags: () => {
      add();
      return [...tags];
    },
  };
}
