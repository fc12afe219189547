/**
 * Calls to the REST API, with the key when there is one. A call that is refused for its key asks for one and goes on.
 *
 * @module
 */

import { ask, byId, el, field } from "./dom.js";

const STORED_AS = "unimem-key";
/** The question on the screen: several calls that are refused at once ask once. */
let asking = null;
/** Whether the question was left: what runs in the background must not bring it up again and again. */
let declined = false;

/** The JSON a call answers. Throws an error whose message can be shown. */
export async function call(method, path, { query, body } = {}) {
  const response = await request(method, query ? `${path}?${query}` : path, {
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(problemText(answer, response.status));
  return answer;
}

/** A response that isn't refused for its key. */
export async function request(method, path, { headers = {}, ...init } = {}) {
  while (true) {
    const key = sessionStorage.getItem(STORED_AS);
    const authorization = key ? { Authorization: `Bearer ${headerText(key)}` } : {};
    let response;
    try {
      response = await fetch(path, { method, headers: { ...headers, ...authorization }, ...init });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("Cannot reach the service");
    }
    if (response.status !== 401) return response;
    // Another call may have got a key meanwhile.
    if (sessionStorage.getItem(STORED_AS) !== key) continue;
    if (declined || !await askForKey(key !== null)) {
      declined = true;
      throw new Error("Cannot go on without the API key");
    }
  }
}

/** Whether a key was given in this tab. */
export const hasKey = () => sessionStorage.getItem(STORED_AS) !== null;

/** A header holds bytes: those of the key's UTF-8, one character each. */
function headerText(key) {
  return String.fromCharCode(...new TextEncoder().encode(key));
}

/** Asks for the key; true when one was given. */
export function askForKey(wasWrong = false) {
  declined = false;
  asking ??= showQuestion(wasWrong).finally(() => asking = null);
  return asking;
}

async function showQuestion(wasWrong) {
  // From now on the key can be changed.
  byId("key").hidden = false;
  const input = el("input", { type: "password", autocomplete: "off", required: true, name: "key" });
  const hint = wasWrong ? "The key so far was not accepted." : "It stays in this browser tab, until the tab is closed.";
  const key = await ask("API key", [field("Key of this service", input, hint)], {
    action: "Use",
    read: () => input.value,
  });
  if (key === null) return false;
  sessionStorage.setItem(STORED_AS, key);
  return true;
}

/** What went wrong in words, from any of the API's error shapes. */
function problemText(answer, status) {
  const detail = answer?.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
  return detail?.error_description ?? `The service answered ${status}`;
}

/**
 * Reads the events from now on, coming back after each break. Never returns.
 *
 * @param onEvent Gets the type and the data of each.
 * @param onState Gets `live`, or what is wrong.
 */
export async function followEvents(onEvent, onState) {
  let lastId = "";
  while (true) {
    try {
      const headers = lastId === "" ? {} : { "Last-Event-ID": lastId };
      const response = await request("GET", "/api/events", { headers });
      if (!response.ok) throw new Error(problemText(await response.json().catch(() => null), response.status));
      onState("live");
      for await (const { id, event, data } of eventsOf(response.body)) {
        lastId = id;
        onEvent(event, JSON.parse(data));
      }
      onState("reconnecting");
    } catch {
      onState("disconnected");
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      yield Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
    }
  }
}
