/** What hooks take out of a text, and what they leave in. */

import { assert, assertEquals } from "@std/assert";
import { redact } from "../../src/importers/secrets.ts";

/** Pseudo-random characters, the same in every run. Secrets are put together here, so that no file holds one. */
function made(seed: number, length: number, alphabet: string): string {
  let state = seed * 2_654_435_761 % 2 ** 32, text = "";
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += alphabet[(state >>> 8) % alphabet.length];
  }
  return text;
}

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  LOWER = UPPER.toLowerCase(),
  DIGITS = "0123456789",
  HEX = "0123456789abcdef";
const WORD = UPPER + LOWER + DIGITS;

/** Twenty kinds of secrets. */
const KINDS: Record<string, (seed: number) => string> = {
  aws: (i) => `AKIA${made(i, 16, UPPER + DIGITS)}`,
  github: (i) => `ghp_${made(i, 36, WORD)}`,
  githubFine: (i) => `github_pat_${made(i, 22, WORD)}_${made(i + 1, 59, WORD)}`,
  gitlab: (i) => `glpat-${made(i, 20, WORD)}`,
  google: (i) => `AIza${made(i, 35, WORD)}`,
  slack: (i) => `xoxb-${made(i, 12, DIGITS)}-${made(i, 13, DIGITS)}-${made(i, 24, WORD)}`,
  stripe: (i) => `sk_live_${made(i, 24, WORD)}`,
  openai: (i) => `sk-proj-${made(i, 48, WORD)}`,
  anthropic: (i) => `sk-ant-api03-${made(i, 93, WORD)}AA`,
  npm: (i) => `npm_${made(i, 36, WORD)}`,
  pypi: (i) => `pypi-AgEIcHlwaS5vcmc${made(i, 80, WORD)}`,
  huggingFace: (i) => `hf_${made(i, 34, WORD)}`,
  digitalOcean: (i) => `dop_v1_${made(i, 64, HEX)}`,
  sendGrid: (i) => `SG.${made(i, 22, WORD)}.${made(i, 43, WORD)}`,
  telegram: (i) => `${made(i, 9, DIGITS).replace(/^0/, "1")}:AA${made(i, 33, WORD)}`,
  vault: (i) => `hvs.${made(i, 90, WORD)}`,
  notion: (i) => `ntn_${made(i, 46, WORD)}`,
  jwt: (i) => `eyJ${made(i, 30, WORD)}.eyJ${made(i, 60, WORD)}.${made(i, 43, WORD)}`,
  privateKey: (i) =>
    `-----BEGIN RSA PRIVATE KEY-----\n${made(i, 64, WORD)}\n${made(i, 64, WORD)}\n-----END RSA PRIVATE KEY-----`,
  password: (i) => `${made(i, 8, WORD)}-${made(i, 6, WORD)}`,
};

/** Where they stand: prose, code, an address, JSON, an environment. */
const PLACES: ((secret: string, name: string) => string)[] = [
  (secret, name) => `The ${name} is password: ${secret} and it works now.`,
  (secret) => `const token = "${secret}"; // for the build`,
  (secret) => `curl "https://api.example.com/v1?page=2&access_token=${secret.replaceAll("\n", "")}&size=10"`,
  (secret) => JSON.stringify({ user: "bob", api_key: secret }),
  (secret, name) => `PATH=/usr/bin\n${name.toUpperCase()}_SECRET=${secret}\nHOME=/root`,
];

Deno.test("98 of 100 secrets of twenty kinds are taken out, wherever they stand", async () => {
  const left: string[] = [];
  let count = 0;
  for (const [name, make] of Object.entries(KINDS)) {
    for (const [i, place] of PLACES.entries()) {
      const secret = make(i * 31 + name.length), text = place(secret, name), { text: shown } = await redact(text);
      count++;
      // No long part of it may be left.
      const part = secret.split("\n").at(secret.includes("\n") ? 1 : 0)!.slice(-8);
      if (shown.includes(part)) left.push(`${name}: ${shown}`);
    }
  }
  assertEquals(count, 100);
  assert(left.length <= 2, left.join("\n"));
});

Deno.test("of 1,000 harmless look-alikes at most ten are touched", async () => {
  const shapes: ((i: number) => string)[] = [
    (i) => `commit ${made(i, 40, HEX)}`,
    (i) => `${made(i, 8, HEX)}-${made(i, 4, HEX)}-4${made(i, 3, HEX)}-a${made(i, 3, HEX)}-${made(i, 12, HEX)}`,
    (i) => `"sha256": "${made(i, 64, HEX)}"`,
    (i) => `"integrity": "sha512-${made(i, 86, `${WORD}+/`)}=="`,
    (i) => `![picture](data:image/png;base64,${made(i, 300, `${WORD}+/`)})`,
    (i) => `const token${i} = nextToken(${i}); if (token${i} === null) return;`,
    (i) => `The token_count was ${made(i, 6, DIGITS)}, the key${i} is in the drawer.`,
    (i) => `password = os.environ["DB_PASSWORD_${i}"]`,
    (i) => `etag: W/"${made(i, 27, WORD)}"`,
    (i) => `function passwordOf${i}(user: User): string { return user.password; }`,
  ];
  const touched: string[] = [];
  for (let i = 0; i < 1000; i++) {
    const text = shapes[i % shapes.length]!(i + 1), { text: shown } = await redact(text);
    if (shown !== text) touched.push(shown);
  }
  assert(touched.length <= 10, `${touched.length}: ${touched.slice(0, 12).join("\n")}`);
});

Deno.test("the mark names the kind, and counts are by kind", async () => {
  const secret = KINDS.github!(7);
  const { text, redactions } = await redact(`a ${secret} b <private>c ${secret}</private> d <private>to the end`);
  assertEquals(text.split("[redacted: ").length, 4);
  assertEquals(Object.values(redactions).reduce((sum, count) => sum + count), 3);
  assertEquals([text.includes("to the end"), redactions.private], [false, 2]);
});

Deno.test("secrets in commands, headers, markup, quotes and people's words are taken out whole", async () => {
  const secret = "hunter22Xyz";
  const texts = [
    `curl -u admin:${secret} https://example.com`,
    `curl --user=bob:${secret} https://example.com`,
    `mysql -u root -p${secret} shop`,
    `sshpass -p ${secret} ssh host`,
    `docker login example.com --username bob -p ${secret}`,
    `tool --password ${secret}`,
    `my password is ${secret}, remember it`,
    `passwort: ${secret}`,
    `mot de passe : ${secret}`,
    `contraseña: ${secret}`,
    `пароль: ${secret}`,
    `密码：${secret}`,
    `パスワード: ${secret}`,
    `Cookie: theme=dark; session=${secret}`,
    `Set-Cookie: sid=${secret}; Path=/`,
    `<password>${secret}</password>`,
    `machine example.com login bob password ${secret}`,
    JSON.stringify({ password: `two words ${secret}` }),
    `password: "correct horse ${secret}"`,
    `SECRET_KEY_BASE=${made(3, 20, HEX)}${secret}`,
    `password=my${secret}`,
    `https://discord.com/api/webhooks/123456789012345678/${made(5, 40, WORD)}${secret}`,
    ...["ya29.", "xai-", "pplx-", "r8_", "sntrys_", "ops_eyJ", "whsec_"].map((form) =>
      `Use ${form}${made(7, 45, WORD)}${secret}`
    ),
  ];
  const left: string[] = [];
  for (const text of texts) {
    const { text: shown } = await redact(text);
    if (shown.includes(secret)) left.push(shown);
  }
  assertEquals(left, []);
  const kept = (text: string) => redact(text).then((found) => found.text);
  assertEquals(await kept("DB_PASSWORD=a;b&c(d)e\nHOME=/root"), "DB_PASSWORD=[redacted: secret]\nHOME=/root");
  assertEquals((await redact("DB_PASS=letmeinplease")).text, "DB_PASS=[redacted: secret]");
  assertEquals((await redact(`X-API-Key: ${made(9, 20, HEX)}`)).text, "X-API-Key: [redacted: secret]");
  for (
    const harmless of [
      "docker run -u 1000:1000 -p 8080:80 image",
      "mkdir -p/srv/a1 && ssh -p2222 host",
      "The password is required, and the token is optional.",
      "git commit -m 'Cookie consent' --author 'A <a@example.com>'",
      'placeholder="token of the session"',
    ]
  ) assertEquals((await redact(harmless)).text, harmless);
});

Deno.test("private keys are taken out whole over lines, in JSON, in tools' lines, and where they were cut", async () => {
  const line = (seed: number) => made(seed, 64, WORD);
  const body = Array.from({ length: 25 }, (_, i) => line(i + 1)), last = made(99, 30, WORD);
  for (
    const kind of ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
  ) {
    const [begin, end] = [`-----BEGIN ${kind}-----`, `-----END ${kind}-----`];
    const whole = [begin, ...body, `${last}==`, end].join("\n");
    const texts = {
      lines: `Here it is:\n${whole}\nKeep the rest.`,
      json: JSON.stringify({ private_key: whole, kept: "Keep the rest." }),
      yaml: `key: |\n${whole.split("\n").map((text) => `  ${text}`).join("\n")}\nnext: Keep the rest.`,
      cut: `${[begin, ...body].join("\n")}\nKeep the rest. ${"And more of it. ".repeat(2000)}`,
      tool: `[tool] Bash echo '${whole.replaceAll("\n", "\\n")}' > id_rsa # Keep the rest.: done`,
      header: `${begin}\nProc-Type: 4,ENCRYPTED\nComment: (of a test)\n\n${body.join("\n")}\n${end}\nKeep the rest.`,
    };
    for (const [name, text] of Object.entries(texts)) {
      const { text: shown, redactions } = await redact(text);
      assert(![...body, last].some((part) => shown.includes(part.slice(10, 30))), `${kind}, ${name}: ${shown}`);
      assertEquals([shown.includes("Keep the rest."), Object.keys(redactions).length > 0], [true, true], name);
    }
  }
});

Deno.test("secrets in addresses and paths of commands, and in what people say of keys, are taken out", async () => {
  const aws = `${made(11, 18, WORD)}/${made(12, 20, WORD)}+`, key = made(21, 32, WORD), telegram = KINDS.telegram!(5);
  const texts: [string, string][] = [
    [`[tool] Bash curl https://api.telegram.org/bot${telegram}/getMe: done`, telegram],
    [`[tool] WebFetch https://example.com/hook?sig=1&api_key=${key}: done`, key],
    [`[tool] Bash git clone https://oauth2:${KINDS.gitlab!(3)}@gitlab.com/a/b.git: done`, KINDS.gitlab!(3)],
    [`[tool] Read /home/ada/.tokens/${KINDS.github!(4)}.txt: done`, KINDS.github!(4)],
    [`[tool] Bash AWS_SECRET_ACCESS_KEY=${aws} aws s3 ls: done`, aws],
    [`The AWS secret we use is ${aws} for now.`, aws],
    [`Our token for staging: use \`${key}\` there.`, key],
    ...["shpat_", "dckr_pat_", "glsa_", "gsk_", "figd_", "tskey-auth-", "rubygems_", "xapp-1-", "NRAK-"].map((form) =>
      [`Try ${form}${key}, it works.`, key] as [string, string]
    ),
  ];
  const left: string[] = [];
  for (const [text, secret] of texts) {
    const { text: shown } = await redact(text);
    if (shown.includes(secret.slice(-12))) left.push(shown);
  }
  assertEquals(left, []);
  for (
    const harmless of [
      "The primary key of the table is users_id_created_at_2024_idx1, as before.",
      "The token bucket lives in src/limits/tokenBucket2Refill3Test4.ts and is fine.",
      "SORT_KEY=created_at\nTOKENS=12",
      "Look at key IllegalArgumentExceptionHandlerFactory for the stack trace.",
    ]
  ) assertEquals((await redact(harmless)).text, harmless);
});

Deno.test("taking secrets out takes time that grows no faster than the text", async () => {
  const time = async (text: string) => {
    const began = performance.now();
    await redact(text);
    return performance.now() - began;
  };
  const hostile = [
    ...["-----BEGIN PRIVATE KEY-----", `-----BEGIN PRIVATE KEY-----\n${"A".repeat(64)}\n`, "key '", "token ", "A_KEY="],
    ...["password", "password = ", "a=", "authorization: ", "https://a:", "<private>", "cookie: a=", "-p x", "shpat_1"],
  ];
  for (const part of hostile) {
    const at = (size: number) => part.repeat(Math.ceil(size / part.length));
    await time(at(20_000));
    const small = Math.min(await time(at(50_000)), await time(at(50_000))), large = await time(at(400_000));
    assert(large < 500 + small * 8 * 8, `${JSON.stringify(part)}: ${small} ms, then ${large} ms`);
  }
});
