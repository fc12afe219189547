/**
 * A real browser for tests: headless Chromium, spoken to over its DevTools protocol.
 *
 * @module
 */

/** The browser's path: CHROMIUM_BIN, or where Debian puts it; undefined without one. */
export const CHROMIUM = [Deno.env.get("CHROMIUM_BIN"), "/usr/bin/chromium"].find((path) => path && exists(path));

/** Flags that keep it from calling home, which a machine without a network would wait for. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];
const PATIENCE_MS = 120_000;

/** A page in the browser. */
export interface Page extends AsyncDisposable {
  goto(url: string): Promise<void>;
  /** Runs an expression in the page and gives its value; promises are waited for. */
  run<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  /** Types text or presses a named key where the focus is. */
  type(text: string): Promise<void>;
  press(key: Key): Promise<void>;
  /** Presses keys on their way through the page until an element that fits has the focus. */
  tabTo(what: Target): Promise<void>;
  /** Clicks with the mouse where the element is, once nothing else lies over it. */
  click(what: Target): Promise<void>;
  /** Gives files to a file input. */
  chooseFiles(selector: string, paths: string[]): Promise<void>;
  /** Gives files to the system's choice of files, which `press` brings up. */
  chooseFilesBy(press: () => Promise<void>, paths: string[]): Promise<void>;
  /** Drags files over the middle of the page and lets go of them there. */
  dropFiles(paths: string[]): Promise<void>;
  /** Where files that the page saves go. */
  saveTo(folder: string): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  screenshot(path: string): Promise<void>;
  /** The picture of what is to be seen, as a PNG in base64. */
  picture(): Promise<string>;
  /** What the page reported: exceptions, console errors, violations of its policy. */
  faults: string[];
  /** Addresses that were asked for. */
  requests: string[];
}

export type Key = "Enter" | "Escape" | "Tab" | "Space" | "ArrowDown" | "ArrowUp" | "Backspace";

/** An element: a selector, or a control by its whole accessible name in what `within` selects. */
export type Target = string | { name: string | RegExp; within?: string };

const KEYS: Record<Key, { code: number; key?: string; text?: string }> = {
  Enter: { code: 13, text: "\r" },
  Escape: { code: 27 },
  Tab: { code: 9 },
  Space: { code: 32, key: " ", text: " " },
  ArrowDown: { code: 40 },
  ArrowUp: { code: 38 },
  Backspace: { code: 8 },
};
/** Most presses of Tab on the way to an element. */
const MOST_TABS = 300;

/** An expression for the element, undefined in the page where there is none. */
export function find(what: Target): string {
  if (typeof what === "string") return `document.querySelector(${JSON.stringify(what)})`;
  const { name, within = "body" } = what;
  const test = typeof name === "string" ? `text === ${JSON.stringify(name)}` : `${name}.test(text)`;
  return `[...document.querySelectorAll(${JSON.stringify(within)})].flatMap((part) =>
    [...part.querySelectorAll("button, a, input, select, textarea, summary")]).find((element) => {
      const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.querySelector("span")?.textContent ?? element.labels?.[0]?.textContent ??
        element.textContent;
      const text = label.replace(/\\s+/g, " ").trim();
      return element.checkVisibility() && (${test});
    })`;
}

/** Nothing is being loaded any more. */
export const SETTLED = `document.querySelector("main h1") !== null &&
  ![...document.querySelectorAll("main [role=status]")].some((e) => /^(Loading|Lädt)…$/.test(e.textContent)) &&
  document.querySelector("main [aria-busy=true]") === null`;

/** Opens a page in a new browser with an empty profile; disposing ends the browser. */
export async function openPage(): Promise<Page> {
  const profile = await Deno.makeTempDir({ prefix: "unimem-chromium-" });
  const browser = new Deno.Command(CHROMIUM!, {
    args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const port = await retry(async () =>
    (await Deno.readTextFile(`${profile}/DevToolsActivePort`)).split("\n")[0] || undefined
  );
  const target = await retry(async () => {
    const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    return targets.find((entry: { type: string }) => entry.type === "page");
  });
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.onopen = resolve);
  const faults: string[] = [], requests: string[] = [];
  let fileChooser = Promise.withResolvers<number>();
  const send = protocol(socket, faults, requests, (node) => fileChooser.resolve(node));
  const parts = ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable", "DOM.enable"];
  await Promise.all(parts.map((method) => send(method)));
  await send("Browser.grantPermissions", { permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] });

  const page: Page = {
    faults,
    requests,
    goto: async (url) => void await send("Page.navigate", { url }),
    run: async (expression) => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
      return result.value;
    },
    until: async (expression) => {
      await retry(async () => await page.run<boolean>(expression).catch(() => false) || undefined, expression);
    },
    type: async (text) => void await send("Input.insertText", { text }),
    press: async (key) => {
      const { code, key: name = key, text } = KEYS[key];
      for (const type of ["keyDown", "keyUp"]) {
        const typed = text === undefined || type === "keyUp" ? {} : { text };
        await send("Input.dispatchKeyEvent", { type, key: name, code: key, windowsVirtualKeyCode: code, ...typed });
      }
    },
    tabTo: async (what) => {
      await page.until(`${find(what)}`);
      for (let i = 0; i < MOST_TABS; i++) {
        if (await page.run<boolean>(`document.activeElement === ${find(what)}`)) return;
        await page.press("Tab");
      }
      throw new Error(`Cannot reach ${JSON.stringify(what)} by the Tab key`);
    },
    click: async (what) => {
      const place = `(() => {
        const element = ${find(what)};
        if (!element) return null;
        element.scrollIntoView({ block: "center", behavior: "instant" });
        const { x, y, width, height } = element.getBoundingClientRect(), middle = { x: x + width / 2, y: y + height / 2 };
        const there = document.elementFromPoint(middle.x, middle.y);
        return element.contains(there) || there?.contains(element) ? middle : null;
      })()`;
      await page.until(`${place} !== null`);
      const { x, y } = await page.run<{ x: number; y: number }>(place);
      for (const type of ["mousePressed", "mouseReleased"]) {
        await send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
      }
    },
    chooseFiles: async (selector, files) => {
      const { root } = await send("DOM.getDocument");
      const { nodeId } = await send("DOM.querySelector", { nodeId: root.nodeId, selector });
      await send("DOM.setFileInputFiles", { nodeId, files });
    },
    chooseFilesBy: async (press, files) => {
      fileChooser = Promise.withResolvers();
      await send("Page.setInterceptFileChooserDialog", { enabled: true });
      await press();
      await send("DOM.setFileInputFiles", { backendNodeId: await fileChooser.promise, files });
      await send("Page.setInterceptFileChooserDialog", { enabled: false });
    },
    dropFiles: async (files) => {
      const { x, y } = await page.run<{ x: number; y: number }>("({ x: innerWidth / 2, y: innerHeight / 2 })");
      for (const type of ["dragEnter", "dragOver", "drop"]) {
        await send("Input.dispatchDragEvent", { type, x, y, data: { items: [], files, dragOperationsMask: 1 } });
      }
    },
    saveTo: async (downloadPath) => {
      await send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath });
    },
    resize: async (width, height) => {
      const mobile = width < 600;
      await send("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 1 });
    },
    screenshot: async (path) => {
      const data = await page.picture();
      await Deno.writeFile(path, Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
    },
    picture: async () => (await send("Page.captureScreenshot", { format: "png" })).data,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      void send("Browser.close").catch(() => {});
      await closed;
      await browser.status;
      await Deno.remove(profile, { recursive: true });
    },
  };
  return page;
}

// deno-lint-ignore no-explicit-any
type Send = (method: string, params?: Record<string, unknown>) => Promise<any>;

/** Sends commands over the socket, and collects what the page complains of. */
function protocol(
  socket: WebSocket,
  faults: string[],
  requests: string[],
  filesAsked: (backendNodeId: number) => void,
): Send {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (id !== undefined) {
      if (error) waiting.get(id)?.reject(new Error(error.message));
      else waiting.get(id)?.resolve(result);
      waiting.delete(id);
    } else if (method === "Network.requestWillBeSent") {
      requests.push(params.request.url);
    } else if (method === "Page.fileChooserOpened") {
      filesAsked(params.backendNodeId);
    } else if (method === "Runtime.exceptionThrown") {
      faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      faults.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  };
  return (method, params = {}) => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(++last, answer);
    socket.send(JSON.stringify({ id: last, method, params }));
    return answer.promise;
  };
}

/** Asks again until there is a value. */
async function retry<T>(ask: () => Promise<T | undefined>, what = "the browser"): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (true) {
    const value = await ask().catch(() => undefined);
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
