import { assert, assertEquals, assertRejects } from "@std/assert";
import type { EmbeddingService } from "../../src/embedding/embedder.ts";
import { createEmbeddingService, type OpenAiSettings } from "../../src/embedding/factory.ts";
import { MemoryError } from "../../src/errors.ts";

interface Request {
  path: string;
  authorization: string | null;
  body: { model: string; input: string[]; dimensions?: number; encoding_format: string };
}

/** Answers with the next of the given responses, then with good vectors; undefined stands for good ones. */
type Answer = (request: Request, signal: AbortSignal) => Response | Promise<Response> | undefined;

/** A vector of three numbers that tells texts apart. */
const vectorOf = (text: string) => [text.length, 1, 0];
const good = (texts: string[]) =>
  Response.json({ data: texts.map((text, index) => ({ index, embedding: vectorOf(text) })) });

/** A fake server, a service on it, and the pauses that the service would have made. */
async function withServer(
  answers: Answer[],
  settings: Partial<OpenAiSettings>,
  body: (parts: { service: EmbeddingService; requests: Request[]; pauses: number[]; host: string }) => Promise<void>,
) {
  const requests: Request[] = [];
  const pauses: number[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (received) => {
    const request: Request = {
      path: new URL(received.url).pathname,
      authorization: received.headers.get("authorization"),
      body: await received.json(),
    };
    requests.push(request);
    return await answers.shift()?.(request, received.signal) ?? good(request.body.input);
  });
  const host = `127.0.0.1:${server.addr.port}`;
  const service = createEmbeddingService({
    provider: "openai",
    url: `http://${host}/v1/`,
    apiKey: "sesame",
    model: "big",
    dimensions: null,
    batchSize: 4,
    timeoutMs: 5000,
    cacheBytes: 10_000,
    queueLimit: 100,
    ...settings,
  }, {
    random: () => 0.5,
    now: () => Date.parse("2030-01-01T00:00:00Z"),
    sleep: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  });
  try {
    await body({ service, requests, pauses, host });
  } finally {
    await service.close();
    await server.shutdown();
  }
}

async function errorOf(promise: Promise<unknown>): Promise<MemoryError> {
  return await assertRejects(() => promise, MemoryError);
}

const status = (code: number, headers: Record<string, string> = {}): Answer => () =>
  new Response(`status ${code}`, { status: code, headers });

Deno.test("loading asks for one vector and learns the dimensions", async () => {
  await withServer([], {}, async ({ service, requests, host }) => {
    assertEquals(await service.ready(), {
      id: `openai:${host}:big:3`,
      name: "big",
      provider: "openai",
      dimensions: 3,
    });
    const [{ path, authorization, body }] = requests as [Request];
    assertEquals([path, authorization, body.model, body.encoding_format, body.dimensions], [
      "/v1/embeddings",
      "Bearer sesame",
      "big",
      "float",
      undefined,
    ]);
    const vector = await service.embedQuery("four");
    assert(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  });
});

Deno.test("texts that wait go together, up to a batch, each with its own vector whatever the answer's order", async () => {
  const shuffled: Answer = ({ body }) =>
    Response.json({
      data: body.input.map((text, index) => ({ index, embedding: vectorOf(text) })).reverse(),
    });
  await withServer(Array(20).fill(shuffled), {}, async ({ service, requests }) => {
    await service.ready();
    const texts = Array.from({ length: 11 }, (_, i) => "x".repeat(i + 1));
    const vectors = await Promise.all(texts.map((text) => service.embedPassage(text)));
    vectors.forEach(([vector], i) => assert(Math.abs(vector![0]! / vector![1]! - (i + 1)) < 1e-4));
    const sizes = requests.slice(1).map(({ body }) => body.input.length);
    assertEquals(sizes, [4, 4, 3]);
  });
});

Deno.test("a model of a family with prefixes gets them", async () => {
  await withServer([], { model: "intfloat/e5-base", apiKey: null }, async ({ service, requests }) => {
    await service.ready();
    await service.embedQuery("a");
    await service.embedPassage("b");
    assertEquals(requests.slice(1).map(({ body }) => body.input), [["query: a"], ["passage: b"]]);
    assertEquals(requests[0]!.authorization, null);
  });
});

Deno.test("a long passage goes in chunks and a long query as its beginning", async () => {
  await withServer([], { maxTokens: 64 }, async ({ service, requests }) => {
    await service.ready();
    const text = "A sentence of several words. ".repeat(40);
    assert((await service.embedPassage(text)).length > 5);
    const before = requests.length;
    await service.embedQuery(text);
    const [query] = requests.slice(before).map(({ body }) => body.input);
    assertEquals(query!.length, 1);
    assert(text.startsWith(query![0]!) && query![0]!.length < 170);
  });
});

Deno.test("429 and 5xx are tried again with growing pauses", async () => {
  await withServer([undefined!, status(500), status(429), status(503)], {}, async ({ service, pauses }) => {
    await service.ready();
    assertEquals((await service.embedQuery("a")).length, 3);
    assertEquals(pauses, [375, 750, 1500]);
  });
});

Deno.test("Retry-After is honoured, in seconds and as a date, up to 20 seconds", async () => {
  const answers = [
    undefined!,
    status(429, { "retry-after": "2" }),
    status(503, { "retry-after": "Tue, 01 Jan 2030 00:00:07 GMT" }),
    status(429, { "retry-after": "3600" }),
  ];
  await withServer(answers, {}, async ({ service, pauses }) => {
    await service.ready();
    await service.embedQuery("a");
    assertEquals(pauses, [2000, 7000, 20_000]);
  });
});

Deno.test("a server that keeps failing is unavailable after four tries, and the next text tries afresh", async () => {
  await withServer([undefined!, ...Array(4).fill(status(500))], {}, async ({ service, requests }) => {
    await service.ready();
    const error = await errorOf(service.embedQuery("a"));
    assertEquals([error.code, error.message], ["unavailable", "Embedding server answered status 500 status 500"]);
    assertEquals(requests.length, 5);
    assertEquals((await service.embedQuery("a")).length, 3);
  });
});

Deno.test("an answer that takes too long is given up and tried again", async () => {
  const never: Answer = (_request, signal) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response())));
  await withServer([undefined!, never], { timeoutMs: 300 }, async ({ service, pauses }) => {
    await service.ready();
    await service.embedQuery("a");
    assertEquals(pauses.length, 1);
  });
});

Deno.test("a server that can't be reached fails the load as unavailable, and a later load succeeds", async () => {
  const settings = {
    provider: "openai" as const,
    apiKey: null,
    model: "big",
    dimensions: null,
    batchSize: 4,
    timeoutMs: 1000,
    cacheBytes: 0,
    queueLimit: 9,
    // Port 1 of the own machine: nothing listens there.
    url: "http://127.0.0.1:1/v1",
  };
  let reachable = false;
  const service = createEmbeddingService(settings, {
    sleep: () => Promise.resolve(),
    fetch: (url, init) => reachable ? Promise.resolve(good(["a"])) : fetch(url, init),
  });
  const error = await errorOf(service.ready());
  assertEquals(error.code, "unavailable");
  assert(error.message.startsWith("Embedding server can't be reached"), error.message);
  reachable = true;
  assertEquals((await service.ready()).dimensions, 3);
  await service.close();
});

Deno.test("a refused key or model stops the load with the settings to check, without trying again", async () => {
  for (const code of [401, 403, 404]) {
    await withServer([status(code)], {}, async ({ service, requests }) => {
      const error = await errorOf(service.ready());
      assertEquals([error.code, requests.length], ["configuration", 1]);
      assert(error.message.includes(`${code}`) && error.message.includes("MCP_EMBEDDING_API_KEY"), error.message);
    });
  }
});

Deno.test("dimensions are asked for, and others than asked for are a configuration error", async () => {
  await withServer([], { dimensions: 2 }, async ({ service, requests }) => {
    const error = await errorOf(service.ready());
    assertEquals(error.code, "configuration");
    assertEquals(error.message, "Embedding server gives 3 dimensions, not the 2 of MCP_EMBEDDING_DIMENSIONS");
    assertEquals(requests[0]!.body.dimensions, 2);
  });
});

Deno.test("answers that make no sense are unavailable, whatever is wrong with them", async () => {
  const item = (embedding: unknown, index = 0) => ({ index, embedding });
  const bodies: [unknown, string][] = [
    [{}, "has no list of embeddings"],
    [{ data: [] }, "holds 0 vectors for 1 texts"],
    [{ data: [item([1, 2, 3]), item([1, 2, 3], 1)] }, "holds 2 vectors for 1 texts"],
    [{ data: [item([])] }, "holds an item without an embedding"],
    [{ data: [null] }, "holds an item without an embedding"],
    [{ data: [item([1, 2, 3], 5)] }, "holds a wrong index 5"],
    [{ data: [item([0, 0, 0])] }, "holds a vector that isn't one"],
    [{ data: [item(["a", 1, 2])] }, "holds a vector that isn't one"],
    [{ data: [item([1, 2])] }, "2 dimensions instead of 3"],
  ];
  const answers: Answer[] = [undefined!, ...bodies.map(([body]): Answer => () => Response.json(body))];
  answers.push(() => new Response("<html>"));
  await withServer(answers, {}, async ({ service }) => {
    await service.ready();
    for (const [index, [, message]] of bodies.entries()) {
      const error = await errorOf(service.embedQuery(`text ${index}`));
      assertEquals(error.code, "unavailable");
      assert(error.message.includes(message), `${error.message} should say ${message}`);
    }
    assert((await errorOf(service.embedQuery("html"))).message.includes("isn't JSON"));
  });
});

Deno.test("one text the server can't take doesn't fail its neighbours", async () => {
  const picky: Answer = ({ body }) =>
    body.input.includes("bad") ? new Response("too long", { status: 413 }) : undefined;
  await withServer(Array(20).fill(picky), {}, async ({ service }) => {
    await service.ready();
    const texts = ["one", "two", "three", "bad", "five"];
    const results = await Promise.allSettled(texts.map((text) => service.embedPassage(text)));
    assertEquals(results.map(({ status }) => status), ["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"]);
    const refused = results[3] as PromiseRejectedResult;
    assertEquals([refused.reason.code, refused.reason.message], [
      "unavailable",
      "Embedding server refused with status 413 too long",
    ]);
  });
});

Deno.test("queries overtake passages that wait for a request", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const held: Answer = async ({ body }) => {
    await released;
    return good(body.input);
  };
  await withServer([undefined!, held, held], {}, async ({ service, requests }) => {
    await service.ready();
    const all = ["p1", "p2", "p3", "p4", "p5"].map((text) => service.embedPassage(text));
    all.push(service.embedQuery("q").then((vector) => [vector]));
    release();
    await Promise.all(all);
    const order = requests.slice(1).map(({ body }) => body.input.join());
    assert(order.indexOf("q") < order.findIndex((input) => input.includes("p5")), order.join(" | "));
  });
});

Deno.test("closing rejects what waits, lets the running request end, and stops trying again", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const held: Answer = async ({ body }) => {
    arrive();
    await released;
    return good(body.input);
  };
  await withServer([undefined!, held, held], { batchSize: 1 }, async ({ service }) => {
    await service.ready();
    const texts = ["a", "b", "c", "d"];
    const results = Promise.allSettled(texts.map((text) => service.embedPassage(text)));
    await arrived;
    const closed = service.close();
    release();
    await closed;
    assertEquals((await results).map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "rejected"]);
  });
});
