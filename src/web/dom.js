/**
 * Making elements. Texts are set as text and attributes as attributes, never as HTML: memories come from anywhere.
 *
 * @module
 */

/**
 * An element. A property that is a function becomes a listener, `true` an empty attribute; null and false leave it out.
 */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** A dialog that asks something: resolves with what `read` gives when its form is sent, with null when it is left. */
export function ask(title, parts, { action, read = () => true, check = () => Promise.resolve(), danger = false }) {
  const { promise, resolve } = Promise.withResolvers();
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const submit = el("button", { class: danger ? "danger" : "primary" }, action);
  const form = el(
    "form",
    { submit: send },
    el("h2", { id: "dialog-title" }, title),
    ...parts,
    error,
    el("div", { class: "buttons" }, el("button", { type: "button", click: () => dialog.close() }, "Cancel"), submit),
  );
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", close: closed }, form);
  let answer = null;

  async function send(event) {
    event.preventDefault();
    submit.disabled = true;
    try {
      const value = read();
      await check(value);
      answer = value;
      dialog.close();
    } catch (fault) {
      error.textContent = fault.message;
      error.hidden = false;
    } finally {
      submit.disabled = false;
    }
  }
  function closed() {
    dialog.remove();
    resolve(answer);
  }
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

/** A label over its field. */
export function field(text, input, hint) {
  return el("label", { class: "field" }, el("span", {}, text), input, hint ? el("small", {}, hint) : null);
}

/** When something happened, short; the whole time is for the tooltip. */
export function time(seconds) {
  if (seconds === null || seconds === undefined) return el("span", {}, "unknown");
  const date = new Date(seconds * 1000);
  return el("time", { datetime: date.toISOString(), title: date.toLocaleString() }, ago(date));
}

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  if (unit === undefined) return "just now";
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
