/** What hooks take out of a text, and what they leave in. */

import { assert, assertEquals } from "@std/assert";
import { redact } from "../../src/hooks/secrets.ts";

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
  (secret) => `curl https://api.example.com/v1 -H 'Authorization: Bearer ${secret.replaceAll("\n", "")}'`,
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
