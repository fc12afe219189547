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
  press(key: "Enter" | "Escape" | "Tab"): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  screenshot(path: string): Promise<void>;
  /** What the page reported: exceptions, console errors, violations of its policy. */
  faults: string[];
}

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
  const faults: string[] = [];
  const send = protocol(socket, faults);
  await Promise.all(["Page.enable", "Runtime.enable", "Log.enable"].map((method) => send(method)));

  const page: Page = {
    faults,
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
      const text = key === "Enter" ? { text: "\r" } : {};
      const windowsVirtualKeyCode = { Enter: 13, Escape: 27, Tab: 9 }[key];
      for (const type of ["keyDown", "keyUp"]) {
        await send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode, ...text });
      }
    },
    resize: async (width, height) => {
      const mobile = width < 600;
      await send("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 1 });
    },
    screenshot: async (path) => {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      await Deno.writeFile(path, Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
    },
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
function protocol(socket: WebSocket, faults: string[]): Send {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (id !== undefined) {
      if (error) waiting.get(id)?.reject(new Error(error.message));
      else waiting.get(id)?.resolve(result);
      waiting.delete(id);
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
