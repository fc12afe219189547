/**
 * Short messages at the bottom of the page, read out by screen readers.
 *
 * @module
 */

import { byId, el } from "./dom.js";

const SHOWN_MS = 10_000;

/** Shows a message, with one action when given: its label and what it does. */
export function notify(text, action) {
  const notice = el("div", { class: "notice" }, el("span", {}, text));
  const timer = setTimeout(() => notice.remove(), SHOWN_MS);
  const close = () => {
    clearTimeout(timer);
    notice.remove();
  };
  if (action) {
    const [label, run] = action;
    const click = () => {
      close();
      run();
    };
    notice.append(el("button", { click }, label));
  }
  notice.append(el("button", { "aria-label": "Close this message", click: close }, "×"));
  byId("notices").append(notice);
}

/** Runs something and shows what went wrong with it. */
export async function orNotify(run) {
  try {
    return await run();
  } catch (error) {
    notify(error.message);
  }
}
