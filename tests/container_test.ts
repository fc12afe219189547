/** What can be checked of the containers without an engine: the Dockerfile's steps taken in a clean folder, and compose.yaml. */

import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { qdrantDefaults } from "../src/storage/qdrant/settings.ts";
import { fixture } from "./documents/helpers.ts";
import { type Image, instructions, layOut } from "./helpers/image.ts";
import { until } from "./helpers/process.ts";

/** User of the image. */
const USER = "1993";
/** Whether this process may start another in a mount namespace with a read-only root, as another user. */
const canConfine = Deno.build.os === "linux" && Deno.uid() === 0 && works("unshare", "-m", "true") &&
  works("setpriv", "--version");

/** In a mount namespace: everything read-only but the data and temporary folders, then another user without any rights. */
const CONFINE = `
mount --bind "$1" "$1"
mount --bind "$2" "$2"
mount -o remount,bind,ro /
shift 2
exec setpriv --reuid ${USER} --regid ${USER} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"`;

function works(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** A command in the image, confined or as whoever runs the test. */
function inside({ app, data, tmp, env }: Image, command: string[], confined: boolean): Deno.Command {
  const [program, ...args] = confined ? ["unshare", "-m", "sh", "-ec", CONFINE, "sh", data, tmp, ...command] : command;
  return new Deno.Command(program!, {
    args,
    cwd: app,
    env: { ...env, MCP_API_KEY: "a-key-for-tests" },
    clearEnv: true,
    stdout: "null",
    stderr: "piped",
  });
}

/** Bytes of a file; 0 where there is none. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Starts the image's entry point, waits until its health check succeeds, and hands over. */
async function withService(confined: boolean, use: (image: Image) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-image-" });
  try {
    await Deno.chmod(folder, 0o755);
    const image = await layOut(folder);
    // The log is gone where the last process to have it open could move all of it.
    const compiled = ["", "-wal"].map((part) => sizeOf(`${image.env.DENO_DIR}/v8_code_cache_v2${part}`));
    assert(Math.max(...compiled) > 1e6, "what V8 compiled lies in the image");
    if (confined) { for (const path of [image.data, image.tmp]) await Deno.chown(path, Number(USER), Number(USER)); }
    const child = inside(image, image.entrypoint, confined).spawn();
    const said = new Response(child.stderr).text();
    let ended = false;
    const exited = child.status.then((status) => (ended = true, status));
    try {
      const check = () => inside(image, image.healthcheck, confined).output().then(({ code }) => code);
      await until(check, (code) => code === 0 || ended, "the health check to succeed");
      assert(!ended, await (ended ? said : ""));
      await use(image);
    } finally {
      if (!ended) child.kill("SIGTERM");
      await exited;
      await said;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Stores a memory and finds it by meaning: the database can be written and the model is inside. */
async function storeAndFind({ port }: Image): Promise<void> {
  const call = async (path: string, body: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer a-key-for-tests" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const stored = await call("/api/memories", { content: "The otter sleeps on its back" });
  assertEquals([stored.status, stored.body.success], [200, true]);
  const { body } = await until(
    () => call("/api/search", { query: "How does the animal rest?", mode: "semantic" }),
    ({ status, body }) => status === 200 && body.results.length > 0,
    "the model inside",
  );
  assertEquals(body.results[0].memory.content, "The otter sleeps on its back");
}

/** Stores a document, which another process parses: it starts from what lies in the image alone. */
async function storeDocument({ port }: Image): Promise<void> {
  const address = `http://127.0.0.1:${port}/api/documents`, headers = { authorization: "Bearer a-key-for-tests" };
  const form = new FormData();
  form.append("file", new File([await fixture("three-pages.pdf")], "manual.pdf"));
  const { upload_id } = await (await fetch(`${address}/upload`, { method: "POST", headers, body: form })).json();
  const status = await until(
    async () => await (await fetch(`${address}/status/${upload_id}`, { headers })).json(),
    ({ completed_at }) => completed_at !== null,
    "the document",
  );
  assertEquals([status.status, status.errors, status.chunks_stored], ["completed", [], 3]);
}

Deno.test("the Dockerfile's last stage runs as another user than root and holds no build step", async () => {
  const steps = await instructions(), last = steps.slice(steps.findLastIndex(({ name }) => name === "FROM"));
  assertEquals(steps.filter(({ name }) => name === "FROM").length, 2);
  assertEquals(last.find(({ name }) => name === "USER")?.rest, `${USER}:${USER}`);
  assert(last.findLastIndex(({ name }) => name === "RUN") < last.findIndex(({ name }) => name === "USER"));
  assert(
    last.filter(({ name }) => name === "RUN").every(({ rest }) => /^mkdir -p -m 700 \S+ && chown \S+ \S+$/.test(rest)),
  );
  assert(last.every(({ name, rest }) => name !== "COPY" || rest.startsWith("--from=packages")));
  assert(steps.filter(({ name }) => name === "FROM").every(({ rest }) => /:\d+\.\d+\.\d+/.test(rest)), "pinned images");
});

Deno.test("the Dockerfile warms up the very command it starts: V8 refuses code kept under other flags", async () => {
  const steps = await instructions(),
    warm = steps.find(({ name, rest }) => name === "RUN" && rest.includes("warm.ts"))!;
  const list = (name: string): string[] => JSON.parse(steps.find((step) => step.name === name)!.rest);
  assertEquals(warm.rest.split(/ warm\.ts\s+/)[1], [...list("ENTRYPOINT"), ...list("CMD")].join(" "));
});

Deno.test("the Dockerfile's health check asks for liveness, which an outage of the store leaves alone", async () => {
  const check = (await instructions()).find(({ name }) => name === "HEALTHCHECK")!.rest;
  assert(/\/api\/health'/.test(check), check);
});

Deno.test("the Dockerfile's steps, taken in a clean folder, give a service that its health check finds healthy", () =>
  withService(false, async (image) => {
    await storeAndFind(image);
    await storeDocument(image);
  }));

Deno.test({
  name: "the image's service works as its user, without rights, on a read-only root file system",
  ignore: !canConfine,
  fn: () =>
    withService(true, async (image) => {
      await storeAndFind(image);
      await storeDocument(image);
      const write = await inside(image, ["sh", "-c", `touch "${image.app}/x" || touch /x`], true).output();
      assertEquals(write.code, 1, "nothing but the data folder can be written");
    }),
});

interface Service {
  image?: string;
  build?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  profiles?: string[];
  healthcheck?: unknown;
  volumes?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  configs?: { source: string }[];
}

interface Composition {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
}

async function composition(): Promise<Composition> {
  return parse(await Deno.readTextFile(new URL("../compose.yaml", import.meta.url))) as Composition;
}

Deno.test("compose.yaml starts in order of health, in each profile, with what each service names", async () => {
  const { services, volumes, configs } = await composition();
  const isIn = (name: string, profile: string | null) =>
    services[name]!.profiles === undefined || (profile !== null && services[name]!.profiles.includes(profile));
  for (const [name, service] of Object.entries(services)) {
    for (const volume of service.volumes ?? []) assert(volume.split(":")[0]! in volumes, `${name}: ${volume}`);
    for (const { source } of service.configs ?? []) assert(source in configs, `${name}: ${source}`);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      assertEquals(condition, "service_healthy");
      // The image built here brings its own health check.
      assert(services[other]!.healthcheck !== undefined || services[other]!.build !== undefined, other);
      for (const profile of [null, "cluster"]) {
        if (isIn(name, profile)) assert(isIn(other, profile), `${name}: ${other}`);
      }
    }
  }
});

Deno.test("compose.yaml gives Unimem a read-only root and no rights, demands keys, and pins other images", async () => {
  for (const [name, service] of Object.entries((await composition()).services)) {
    if (service.build === undefined) {
      assert(/:v?\d+\.\d+/.test(service.image ?? ""), name);
      continue;
    }
    assertEquals([service.read_only, service.cap_drop], [true, ["ALL"]], name);
    assertEquals(service.security_opt, ["no-new-privileges:true"], name);
    assert(/^\$\{\w+:\?/.test(service.environment?.MCP_API_KEY ?? ""), name);
    assert(/^\$\{\w+:\?/.test(service.environment?.MCP_QDRANT_API_KEY ?? ""), name);
  }
});

Deno.test("compose.yaml's proxy leaves a node that hangs before Unimem's own deadline", async () => {
  const { configs } = await composition(), defaults = qdrantDefaults("http://qdrant:6333");
  const toQdrant = configs.proxy!.content.split("listen 6333")[1]!;
  const seconds = Number(/proxy_read_timeout (\d+)s/.exec(toQdrant)?.[1]);
  assert(seconds > 0 && seconds * 1000 < defaults.timeoutMs, `${seconds}`);
  assert(/proxy_next_upstream [^;]*timeout[^;]*non_idempotent/.test(toQdrant));
});

Deno.test("the image's service may write to its data alone, and load the libraries of its packages alone", async () => {
  const rights: string[] = JSON.parse((await instructions()).find(({ name }) => name === "ENTRYPOINT")!.rest);
  const of = (name: string) => rights.find((word) => word.startsWith(`--allow-${name}`));
  assertEquals(of("write"), "--allow-write=/data,/tmp");
  assertEquals(of("ffi"), "--allow-ffi=/deno-dir/npm,/lib/x86_64-linux-gnu/libc.so.6,/lib/aarch64-linux-gnu/libc.so.6");
  assertEquals(of("read"), "--allow-read=/app,/deno-dir,/data,/tmp");
  assertEquals(rights.includes("--no-prompt") && rights.includes("--no-remote"), true);
  assertEquals(rights.some((word) => /^--allow-(all|sys$|run$|import)|^-A/.test(word)), false);
});
