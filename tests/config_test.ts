import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { isSetting, parseConfig, settingsWithoutEffect } from "../src/config.ts";
import { readSettings } from "../src/config/values.ts";
import { MemoryError } from "../src/errors.ts";
import { type Setting, SETTINGS, type SettingValues } from "../src/settings.ts";

const platform = { os: "linux", cores: 2 };
const parse = (env: Record<string, string>) => parseConfig({ HOME: "/home/ada", ...env }, platform);

function problems(env: Record<string, string>): string {
  const error = assertThrows(() => parse(env), MemoryError);
  assertEquals(error.code, "configuration");
  return error.message;
}

Deno.test("with nothing set both servers listen on loopback", () => {
  const config = parse({});
  assertEquals([config.http.enabled, config.http.host, config.http.port], [true, "127.0.0.1", 8000]);
  assertEquals([config.mcp.transport, config.mcp.host, config.mcp.port], ["http", "127.0.0.1", 8001]);
  assertEquals(config.access.apiKey, null);
});

Deno.test("with nothing set data goes to the folder existing deployments use", () => {
  const path = (env: Record<string, string>, os: string) => {
    const { storage } = parseConfig(env, { os, cores: 2 });
    return storage.backend === "sqlite" ? storage.path : storage.backend;
  };
  assertEquals(path({ HOME: "/home/ada" }, "linux"), "/home/ada/.local/share/mcp-memory/unimem.db");
  assertEquals(path({ HOME: "/Users/ada" }, "darwin"), "/Users/ada/Library/Application Support/mcp-memory/unimem.db");
  assertEquals(path({ MCP_MEMORY_BASE_DIR: "/data" }, "linux"), "/data/unimem.db");
  assertEquals(path({ MCP_MEMORY_BASE_DIR: "/data", SQLITEVEC_PATH: "/x/y.db" }, "linux"), "/x/y.db");
});

Deno.test("one message lists every wrong value by variable, value and what is allowed", () => {
  const message = problems({
    MCP_HTTP_PORT: "eighty",
    MCP_SERVER_PORT: "70000",
    MCP_TRANSPORT_MODE: "websocket",
    MCP_HTTP_ENABLED: "maybe",
    MCP_MEMORY_STORAGE_BACKEND: "cloudflare",
    MCP_MEMORY_SQLITE_PRAGMAS: "busy_timeout;drop",
    MCP_CORS_ORIGINS: "[broken",
    MCP_EMBEDDING_URL: "ftp://models",
  });
  assertStringIncludes(message, "8 settings are wrong");
  assertStringIncludes(message, 'MCP_HTTP_PORT="eighty": use a port number from 0 to 65535');
  assertStringIncludes(message, 'MCP_SERVER_PORT="70000"');
  assertStringIncludes(message, 'MCP_TRANSPORT_MODE="websocket": use one of sse, http, streamable-http, stdio, off');
  assertStringIncludes(message, 'MCP_HTTP_ENABLED="maybe": use true or false');
  assertStringIncludes(message, 'MCP_MEMORY_STORAGE_BACKEND="cloudflare"');
});

Deno.test("an empty key is an error, not an open service", () => {
  assertStringIncludes(problems({ MCP_API_KEY: "" }), 'MCP_API_KEY="": use a non-empty text');
  assertStringIncludes(problems({ MCP_API_KEY: "  " }), "MCP_API_KEY");
});

Deno.test("a secret never appears in a message", () => {
  const message = problems({ MCP_API_KEY: "s3cret-value", MCP_HTTP_PORT: "x" });
  assertEquals(message.includes("s3cret-value"), false);
});

Deno.test("a network address needs a key or a word that everyone may call", () => {
  assertStringIncludes(problems({ MCP_HTTP_HOST: "0.0.0.0" }), 'MCP_HTTP_HOST="0.0.0.0"');
  assertStringIncludes(problems({ MCP_SERVER_HOST: "192.168.1.5" }), "MCP_SERVER_HOST");
  assertEquals(parse({ MCP_HTTP_HOST: "0.0.0.0", MCP_API_KEY: "a-key-of-16-chars" }).http.host, "0.0.0.0");
  assertEquals(parse({ MCP_HTTP_HOST: "0.0.0.0", MCP_ALLOW_ANONYMOUS_ACCESS: "true" }).http.host, "0.0.0.0");
  assertEquals(parse({ MCP_HTTP_HOST: "localhost", MCP_SERVER_HOST: "::1" }).mcp.host, "::1");
});

Deno.test("OAuth guards the service like a key: its own server, or an issuer's tokens", () => {
  assertEquals(parse({}).oauth, null);
  const own = parse({ MCP_OAUTH_ENABLED: "true", MCP_OAUTH_ACCESS_TOKEN_EXPIRE_MINUTES: "5", MCP_CORS_ORIGINS: "*" });
  assertEquals(own.oauth, { publicUrl: null, server: { codeSeconds: 600, accessSeconds: 300 }, issuer: null });
  const other = parse({ MCP_OAUTH_ISSUER: "https://issuer.example/", MCP_OAUTH_RIGHTS: '{"mem.w": "write"}' }).oauth!;
  assertEquals([other.server, other.issuer?.issuer, other.issuer?.rights], [
    null,
    "https://issuer.example/",
    { "mem.w": "write" },
  ]);
  assertEquals(other.issuer?.spaces, ["default"]);
  const claimed = parse({ MCP_OAUTH_ISSUER: "https://issuer.example", MCP_OAUTH_SPACES_CLAIM: "spaces" }).oauth!;
  assertEquals([claimed.issuer?.spacesClaim, claimed.issuer?.spaces], ["spaces", []]);
});

Deno.test("OAuth on a network address needs the https address that clients use", () => {
  const open = { MCP_OAUTH_ENABLED: "true", MCP_HTTP_HOST: "0.0.0.0" };
  assertStringIncludes(problems(open), "MCP_PUBLIC_URL");
  const { oauth, access } = parse({ ...open, MCP_PUBLIC_URL: "https://Example.com/memory/" });
  assertEquals(oauth?.publicUrl, "https://example.com/memory");
  assertEquals([access.allowedHosts.includes("example.com"), access.corsOrigins], [true, ["https://example.com"]]);
  // As the Python service names its own address.
  assertEquals(parse({ ...open, MCP_OAUTH_ISSUER: "https://example.com" }).oauth?.publicUrl, "https://example.com");
  assertEquals(parse({ MCP_PUBLIC_URL: "http://localhost:9000" }).access.allowedHosts.includes("localhost"), true);
  for (
    const wrong of [
      "http://example.com",
      "https://example.com/?a=b",
      "https://example.com/#a",
      "https://user@example.com",
      "https://example.com/oauth",
      "https://example.com/s/work",
      "https://example.com//x",
      "ftp://example.com",
      "example.com",
    ]
  ) assertStringIncludes(problems({ ...open, MCP_PUBLIC_URL: wrong }), "MCP_PUBLIC_URL=");
});

Deno.test("OAuth settings that contradict each other are refused", () => {
  for (
    const [env, named] of [
      [{ MCP_OAUTH_ISSUER: "http://issuer.example" }, "MCP_OAUTH_ISSUER"],
      [{ MCP_OAUTH_ISSUER: "https://a.example", MCP_PUBLIC_URL: "https://a.example" }, "MCP_OAUTH_ENABLED=true"],
      [
        { MCP_OAUTH_ENABLED: "true", MCP_OAUTH_ISSUER: "https://a.example", MCP_PUBLIC_URL: "https://b.example" },
        "MCP_OAUTH_ISSUER",
      ],
      [{ MCP_OAUTH_ENABLED: "true", MCP_OAUTH_AUDIENCE: "x" }, "MCP_OAUTH_AUDIENCE"],
      [{ MCP_OAUTH_ISSUER: "https://a.example", MCP_OAUTH_SPACES: "Not A Space" }, "MCP_OAUTH_SPACES"],
      [{ MCP_OAUTH_ISSUER: "https://a.example", MCP_OAUTH_RIGHTS: '{"a": "owner"}' }, "MCP_OAUTH_RIGHTS"],
      [{ MCP_OAUTH_ENABLED: "true", MCP_OAUTH_ACCESS_TOKEN_EXPIRE_MINUTES: "0" }, "MCP_OAUTH_ACCESS_TOKEN"],
    ] as [Record<string, string>, string][]
  ) assertStringIncludes(problems(env), named);
});

Deno.test("settings of the Python service that would leave the store open there under a credential are refused", () => {
  for (
    const carried of [
      { MCP_CORS_ORIGINS: '["*"]' },
      { MCP_CORS_ORIGINS: "null" },
      { MCP_CORS_ORIGINS: '["https://app.example", " Null "]' },
      { MCP_CORS_ORIGINS: "https://a.example, *" },
      { MCP_OAUTH_SECRET_KEY: "s3cret-value" },
      { mcp_oauth_access_token_expire_minutes: "60" },
    ]
  ) {
    const message = problems(carried);
    assertStringIncludes(message, Object.keys(carried)[0]!.toUpperCase());
    for (const way of ["MCP_API_KEY", "MCP_OAUTH_ENABLED=false", "MCP_ALLOW_ANONYMOUS_ACCESS=true"]) {
      assertStringIncludes(message, way);
    }
    assertEquals(message.includes("s3cret-value"), false);
    const ways: Record<string, string>[] = [
      { MCP_API_KEY: "a-key-of-some-length" },
      { MCP_OAUTH_ENABLED: "false" },
      { MCP_ALLOW_ANONYMOUS_ACCESS: "true" },
    ];
    for (const way of ways) parse({ ...carried, ...way });
  }
  parse({ MCP_CORS_ORIGINS: "https://a.example", MCP_OAUTH_ISSUER: " " });
});

Deno.test("~ in a path is the home folder, in every setting that may be a path", () => {
  const paths = Object.entries<Setting>(SETTINGS).filter(([, { path }]) => path).map(([name]) => name);
  const named = Object.keys(SETTINGS).filter((name) => /PATH$|_DIR$|_FILE$|_HOME$|_CACHE$/.test(name));
  assertEquals(named.filter((name) => !paths.includes(name)), []);
  for (const name of paths) {
    const problem: string[] = [],
      read = (value: string, env = {}) =>
        readSettings({ HOME: "/home/ada", ...env, [name]: value }, problem)[name as keyof SettingValues];
    assertEquals(read("~/x/y"), "/home/ada/x/y");
    assertEquals(read("~"), "/home/ada");
    assertEquals(read("a~b"), "a~b");
    assertEquals(problem, []);
    assertEquals([read("~bob/x"), problem.length], [undefined, 1]);
    assertStringIncludes(problem[0]!, `${name}: `);
    assertStringIncludes(problem[0]!, '"~bob"');
  }
  const config = parse({ MCP_MEMORY_BASE_DIR: "~/data" });
  assertEquals([config.baseDir, config.backups.folder], ["/home/ada/data", "/home/ada/data/backups"]);
  assertEquals(
    parseConfig({ USERPROFILE: "/users/ada", MCP_MEMORY_BASE_DIR: "~\\data" }, { os: "windows", cores: 2 }).baseDir,
    "/users/ada/data",
  );
  assertStringIncludes(problems({ HOME: "", MCP_MEMORY_BASE_DIR: "~/data" }), "no HOME");
});

Deno.test("variables without effect are named: misspelt ones, those of the Python service, and broken lines", () => {
  const said = (env: Record<string, string>, malformed: string[] = []) =>
    settingsWithoutEffect(env, malformed).map(({ message, action }) => `${message}. ${action}`).join("\n");
  for (
    const [name, meant] of [
      ["MCP_HTPP_PORT", "MCP_HTTP_PORT"],
      ["MPC_API_KEY", "MCP_API_KEY"],
      ["mcp_api_keys", "MCP_API_KEY"],
      ["MCP_MEMORY_BASEDIR", "MCP_MEMORY_BASE_DIR"],
      ["SQLITE_VEC_PATH", "SQLITEVEC_PATH"],
      ["LOG_LEVL", "LOG_LEVEL"],
      ["CP_MEMORY_EMBEDDING_MODEL", "MCP_MEMORY_EMBEDDING_MODEL"],
    ] as const
  ) assertStringIncludes(said({ [name]: "x" }), `${name} is not a setting and has no effect. Use ${meant}`);
  const others = {
    HOME: "/",
    PATH: "/bin",
    NAMES: "x",
    LOG: "x",
    MCP_API_KEY: "k",
    OTEL_SERVICE_NAME: "x",
    MCP_HTTPP: "",
  };
  assertEquals(said(others), "");
  const python = said({ MCP_HYBRID_SYNC_INTERVAL: "1", CLOUDFLARE_API_TOKEN: "t0ken", MCP_MDNS_ENABLED: "true" });
  assertStringIncludes(python, "CLOUDFLARE_API_TOKEN, MCP_HYBRID_SYNC_INTERVAL, MCP_MDNS_ENABLED");
  assertEquals([python.includes("t0ken"), python.includes("\n")], [false, false]);
  assertStringIncludes(said({}, ["line 3 of /x/.env"]), "Line 3 of /x/.env is not NAME=value");
});

Deno.test("every variable of the Python service is a setting, or named as one that has no effect", () => {
  const listed = Deno.readTextFileSync(new URL("fixtures/python_settings.txt", import.meta.url)).trim().split("\n");
  assertEquals(listed.length > 90, true);
  for (const name of listed) {
    assertEquals(isSetting(name) || settingsWithoutEffect({ [name]: "x" }).length === 1, true, name);
  }
});

Deno.test("the spellings of existing deployments are understood", () => {
  for (const backend of ["sqlite_vec", "sqlite-vec", "SQLITE"]) {
    assertEquals(parse({ MCP_MEMORY_STORAGE_BACKEND: backend }).storage.backend, "sqlite");
  }
  for (const [word, value] of [["1", true], ["Yes", true], ["on", true], ["0", false], ["No", false]] as const) {
    assertEquals(parse({ MCP_HTTP_ENABLED: word }).http.enabled, value);
  }
  assertEquals(parse({ MCP_CORS_ORIGINS: '["https://a.example","https://b.example"]' }).access.corsOrigins.length, 2);
  assertEquals(parse({ MCP_CORS_ORIGINS: "https://a.example, https://b.example" }).access.corsOrigins.length, 2);
  assertEquals(parse({ mcp_http_port: "9000" }).http.port, 9000);
  assertEquals(parse({ MCP_MEMORY_SQLITE_PRAGMAS: "busy_timeout=15000, cache_size=-20000" }).storage, {
    backend: "sqlite",
    path: "/home/ada/.local/share/mcp-memory/unimem.db",
    pragmas: { busy_timeout: "15000", cache_size: "-20000" },
  });
});

Deno.test("stdio opens no port unless asked", () => {
  assertEquals(parse({ MCP_TRANSPORT_MODE: "stdio" }).http.enabled, false);
  assertEquals(parse({ MCP_TRANSPORT_MODE: "stdio", MCP_HTTP_ENABLED: "true" }).http.enabled, true);
});

Deno.test("days begin in UTC for servers and in the machine's zone for one user, unless a setting says otherwise", () => {
  const zone = (env: Record<string, string>, forOneUser: boolean) =>
    parseConfig({ HOME: "/home/ada", ...env }, { ...platform, timeZone: "Asia/Tokyo", forOneUser }).operations.timeZone;
  assertEquals([zone({}, false), zone({}, true)], ["UTC", "Asia/Tokyo"]);
  assertEquals(zone({ MCP_TRANSPORT_MODE: "stdio" }, false), "Asia/Tokyo");
  assertEquals(zone({ MCP_TIME_ZONE: "europe/berlin" }, true), "Europe/Berlin");
  assertEquals(zone({ MCP_TIME_ZONE: "+0530" }, false), "+05:30");
  assertStringIncludes(problems({ MCP_TIME_ZONE: "Mars/Base" }), 'MCP_TIME_ZONE="Mars/Base"');
});

Deno.test("an empty value counts as unset", () => {
  assertEquals(parse({ MCP_HTTP_PORT: "", MCP_MEMORY_BASE_DIR: " " }).http.port, 8000);
});

Deno.test("an embedding endpoint needs a URL and a model", () => {
  const message = problems({ MCP_EMBEDDING_PROVIDER: "openai" });
  assertStringIncludes(message, "needs MCP_EMBEDDING_URL");
  assertStringIncludes(message, "needs MCP_MEMORY_EMBEDDING_MODEL");
  const { embedding } = parse({ MCP_EMBEDDING_URL: "http://127.0.0.1:9/v1", MCP_MEMORY_EMBEDDING_MODEL: "m" });
  assertEquals(embedding.provider, "openai");
});

Deno.test("TLS needs both files", () => {
  assertStringIncludes(problems({ MCP_HTTPS_ENABLED: "true", MCP_SSL_CERT_FILE: "/c.pem" }), "MCP_SSL_KEY_FILE");
});

Deno.test("the configuration can't be changed after it was parsed", () => {
  const config = parse({});
  assertThrows(() => ((config.http as { port: number }).port = 1), TypeError);
  assertThrows(() => (config.access.allowedHosts as string[]).push("*"), TypeError);
});

Deno.test("every setting says what it takes, its default and its meaning", () => {
  for (const [name, entry] of Object.entries(SETTINGS)) {
    for (const text of [entry.schema.description, entry.default, entry.meaning]) {
      assertEquals((text ?? "").length > 0, true, `${name} lacks a description, default or meaning`);
    }
  }
});

Deno.test("scales of models are read from JSON, and anything else is refused by name", () => {
  const scales = { "local:other:768:x": { slope: 1.8, offset: -0.9 }, b: { slope: 1, offset: 0 } };
  assertEquals(parse({ MCP_RELEVANCE_SCALES: JSON.stringify(scales) }).operations.cosineScales, scales);
  assertEquals(parse({}).operations.cosineScales, {});
  assertEquals(parse({ MCP_RELEVANCE_SCALES: " " }).operations.cosineScales, {});
  const wrong = [
    "1.8",
    "{",
    "[]",
    '{"m": 2}',
    '{"m": {"slope": 1}}',
    '{"m": {"slope": 0, "offset": 0}}',
    '{"m": {"slope": -1, "offset": 0}}',
    '{"m": {"slope": "2", "offset": 0}}',
    '{"m": {"slope": 1, "offset": null}}',
    '{"m": {"slope": 1, "offset": 0, "bias": 1}}',
  ];
  for (const value of wrong) {
    assertStringIncludes(problems({ MCP_RELEVANCE_SCALES: value }), "MCP_RELEVANCE_SCALES=", value);
  }
});
