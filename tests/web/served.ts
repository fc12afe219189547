/**
 * A service with a browser on it, shared by the steps of a test: both take longer to start than a step takes.
 *
 * @module
 */

import { type ClientOptions, openClient, type TestClient } from "../http/client.ts";
import { CHROMIUM, openPage, type Page, SETTLED } from "./browser.ts";

/** What a step works with. */
export interface Served {
  page: Page;
  client: TestClient;
  /** Address of the service, without a slash at the end. */
  url: string;
  /** Opens a page of the dashboard and waits until all of it is there. */
  open(path: string): Promise<void>;
  /** Stops answering, and answers again. */
  cut(isCut: boolean): void;
  /** The text of the first element that fits. */
  text(selector: string): Promise<string>;
}

/** Runs a test in the browser, over a listener with an empty store. Without a browser it is reported as ignored. */
export function inBrowser(
  name: string,
  test: (served: Served, context: Deno.TestContext) => Promise<void>,
  options: ClientOptions = {},
): void {
  Deno.test({
    name,
    ignore: CHROMIUM === undefined,
    fn: async (context) => {
      await using client = await openClient(options);
      await onPage(client.app, client.events, (opened) => test({ ...opened, client }, context));
    },
  });
}

/** Serves an app, with a browser on it. */
export async function onPage(
  app: TestClient["app"],
  events: { close(): void },
  run: (served: Omit<Served, "client">) => Promise<void>,
): Promise<void> {
  let isCut = false;
  // A service that is gone: the connection ends without an answer.
  const handler = (request: Request) => isCut ? gone() : app.fetch(request);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {}, onError: () => gone() }, handler);
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    await using page = await openPage();
    await page.resize(1280, 860);
    await run({
      page,
      url,
      open: async (path) => {
        await page.goto(url + path);
        await page.until(`location.href === ${JSON.stringify(url + path)} && ${SETTLED}`);
      },
      cut: (now) => {
        isCut = now;
        if (now) events.close();
      },
      text: (selector) => page.run(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`),
    });
  } finally {
    events.close();
    await server.shutdown();
  }
}

/** An answer whose body breaks off, which a browser takes for a connection that was lost. */
function gone(): Response {
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  return new Response(body, { status: 200 });
}
