/**
 * Secrets in what a transcript holds, before it is stored or leaves a hook: found by the rules of secretlint, by names that say so, and by what looks
 * random where one is expected; each is replaced by a mark that says what it was.
 *
 * @module
 */

/** Secrets that were taken out, by kind. */
export type Redactions = Record<string, number>;

/** A text without secrets. */
export interface Redacted {
  text: string;
  redactions: Redactions;
}

interface Finding {
  start: number;
  end: number;
  kind: string;
}

/** Characters that rules see at a time, and how far two pieces overlap: a secret is shorter than that. */
const PIECE = 32 * 1024, OVERLAP = 8 * 1024;

/** Forms of tokens whose makers marked them. No expression here can match the same text in two ways. */
const MARKED: readonly [kind: string, form: RegExp][] = [
  ["AWS key id", /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/g],
  ["Google API key", /\bAIza[\w-]{35}\b/g],
  ["Google OAuth secret", /\bGOCSPX-[\w-]{20,40}/g],
  ["GitHub token", /\b(?:gh[oprsu]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b/g],
  ["GitLab token", /\bgl(?:pat|ptt|dt|rt|cbt|ft|agent|oas)-[\w-]{20,64}/g],
  ["Slack token", /\bxox[abeoprs]-[\w-]{10,250}/g],
  ["Slack webhook", /\bhooks\.slack\.com\/services\/[\w/]{20,100}/g],
  ["Stripe key", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}/g],
  ["API key", /\bsk-(?:ant-|proj-|or-v1-|svcacct-)?[\w-]{20,250}/g],
  ["npm token", /\bnpm_[A-Za-z0-9]{36}\b/g],
  ["PyPI token", /\bpypi-[\w-]{50,250}/g],
  ["Hugging Face token", /\bhf_[A-Za-z0-9]{30,60}\b/g],
  ["DigitalOcean token", /\bdo[opr]_v1_[a-f0-9]{64}\b/g],
  ["SendGrid key", /\bSG\.[\w-]{16,64}\.[\w-]{16,64}/g],
  ["Twilio key", /\b(?:SK|AC)[0-9a-f]{32}\b/g],
  ["Mailgun key", /\bkey-[0-9a-f]{32}\b/g],
  ["Discord token", /\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}/g],
  ["Telegram token", /(?<!\d)\d{8,10}:AA[\w-]{33}\b/g],
  ["Doppler token", /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,60}/g],
  ["Vault token", /\bhv[bsr]\.[\w-]{24,200}/g],
  ["Linear key", /\blin_(?:api|oauth)_[A-Za-z0-9]{32,64}/g],
  ["Notion token", /\b(?:ntn_|secret_)[A-Za-z0-9]{40,60}\b/g],
  ["Postman key", /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b/g],
  ["age key", /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g],
  ["Unimem key", /\bum_[a-z0-9]{1,40}_[\w-]{20,100}/g],
  ["JSON web token", /\beyJ[\w-]{8,4000}\.eyJ[\w-]{4,6000}\.[\w-]{0,1000}/g],
  ["Google OAuth token", /\bya29\.[\w-]{20,2000}/g],
  ["Google API key", /\bAIza[\w-]{30,45}/g],
  ["xAI key", /\bxai-[A-Za-z0-9]{40,120}/g],
  ["Perplexity key", /\bpplx-[A-Za-z0-9]{32,80}/g],
  ["Replicate token", /\br8_[A-Za-z0-9]{30,60}/g],
  ["Atlassian token", /\bATATT3x[\w=-]{20,250}/g],
  ["Sentry token", /\bsntry[su]_[\w=+/.-]{20,400}/g],
  ["1Password token", /\bops_eyJ[\w-]{20,2000}/g],
  ["webhook secret", /\bwhsec_[A-Za-z0-9+/=]{20,80}/g],
  ["Terraform token", /\b[A-Za-z0-9]{10,20}\.atlasv1\.[\w-]{40,100}/g],
  ["Discord webhook", /\bdiscord(?:app)?\.com\/api\/webhooks\/\d{10,25}\/[\w-]{20,100}/g],
  ["cookie", /\b(?:set-)?cookie["'`]?\s{0,3}[:=]\s{0,3}["'`]?[\w.%-]{1,100}=[^\n"'`]{4,4000}/gi],
  ["Azure key", /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,100}/g],
  ["Databricks token", /\bdapi[a-f0-9]{32}\b/g],
  ["Airtable token", /\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b/g],
  ["Facebook token", /\bEAA[A-Za-z0-9]{60,300}\b/g],
  ["crates.io token", /\bcio[A-Za-z0-9]{32}\b/g],
  ["API key", /\b(?:sk_|pul-)[a-f0-9]{40,64}\b/g],
];

/** What the tokens of many more services begin with. */
const PREFIXES = [
  ...["shp(?:at|ca|pa|ss)_", "sq0(?:atp|csp|idp)-", "dckr_(?:pat|oat)_", "gl(?:sa|c)_", "pscale_(?:tkn|pw|oauth)_"],
  ...["figd_", "sbp_", "sb_secret_", "nfp_", "rnd_", "gsk_", "lsv2_(?:pt|sk)_", "tskey-(?:auth|api|client)-", "bkua_"],
  ...["CCIPAT_", "rubygems_", "NRAK-", "sgp_", "xapp-", "tfp_", "xkeysib-", "CFPAT-", "pn[ub]_", "rdme_"],
  ...["dt0c01\\.", "sha256~", "LTAI", "FlyV1 fm2_", "fo1_", "vcp_", "sk\\.eyJ", "ATBB", "sl\\.B", "FLWSECK_"],
  ...["EZ[AT]K", "CLOJARS_", "tk-us-", "AQVN", "SSWS ", "AKCp", "eyJrIjoi", "phc_", "phx_"],
];
const PREFIXED = new RegExp(`(?<![A-Za-z0-9_-])()((?:${PREFIXES.join("|")})[\\w.~+/=%-]{16,400})`, "g");
/** Where a private key begins and ends, and a piece of one that was cut, with line breaks or their escapes. */
const KEY_BEGINS = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_ENDS = /-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_PIECE = /(?:\\[nrt]|[\s"'+])*[A-Za-z0-9+/=]{20,}/y;
/** Longest private key, in characters. */
const MAX_KEY = 20_000;

/** Words that say that what follows is a secret: a password, in languages in which people say so, or a key. */
const PASSWORDS =
  "pass(?:word|wd|phrase|wort)?|pwd|kennwort|contrase[ñn]a|senha|mot de passe|пароль|密[码碼]|パスワード|비밀번호";
const SECRETS = `${PASSWORDS}|secret(?:[_-]?key)?(?:[_-]?base)?|token|api[_-]?key|access[_-]?key|auth[_-]?key|` +
  "private[_-]?key|client[_-]?secret|credentials?|signature|encryption[_-]?key";
/** What stands between a name and its value, in code, JSON, YAML, URLs and environments. */
const IS = "[\"'`]?\\s{0,3}(?::=|=>|[:=：])\\s{0,3}";
/** A name that says that its value is a secret, and the value: in quotes to their end, or else one word. */
const NAMED = new RegExp(
  `(?:^|[^A-Za-z0-9])([\\w.-]{0,40}?(?:${SECRETS}))${IS}()([^\\s"'\`,;&<>{}()\\[\\]]{6,400})`,
  "gi",
);
const NAMED_QUOTED = new RegExp(
  `(?:^|[^A-Za-z0-9])([\\w.-]{0,40}?(?:${SECRETS}))${IS}(["'\`])([^\\n"'\`]{4,400})(?=["'\`])`,
  "gi",
);
/** A name and its value as an option of a command, in XML, in `.netrc`, or as people say it. */
const OPTION = new RegExp(
  `(?:^|\\s)(--?(?:[\\w-]{0,20}-)?(?:${SECRETS}))()[\\s=]["']?([^\\s"'\`-][^\\s"'\`]{5,400})`,
  "gi",
);
/** A line of an environment, whose value ends with the line: `DB_PASSWORD=a;b&c`. */
const IN_ENVIRONMENT = new RegExp(
  `^[ \\t]{0,8}(?:export |set |\\$env:)?([A-Z0-9_]{0,60}?(?:${SECRETS.toUpperCase()}|_(?:KEY|PASS|PW|PAT)))=(["']?)([^\\n]{6,400}?)["']?\\r?$`,
  "gm",
);
/** What people call a key, and a word behind it that looks like one: `the token we use is ghx0…`. */
const SAID_KEY =
  /\b(secret|token|api[ _-]?key|access[ _-]?key|key|credentials?|webhook)\b[^\n]{0,30}?()[\s`'"(]([A-Za-z0-9+/=_~.-]{20,400})(?![\w+/=~-])/gi;
const IN_XML = new RegExp(`<([\\w.-]{0,40}?(?:${SECRETS}))()>([^<>\\s]{4,400})(?=</)`, "gi");
const IN_NETRC = /\b(login\s{1,3}\S{1,100}\s{1,5}password)()\s{1,3}(\S{3,200})/g;
const SAID = new RegExp(
  `(?:^|[^A-Za-z0-9])(${PASSWORDS})()\\s{1,3}(?:is|ist|was|es|est|é)\\s{1,3}["'\`]?([^\\s"'\`,;]{6,200})`,
  "gi",
);
/** A user with a password, and the password of a command that takes it by `-p`. */
const USER = /(?:^|\s)(?:-u|--user)[\s=]["']?[^\s:"'/]{1,60}:([^\s"'/][^\s"']{4,200})/g;
const GLUED = /\s-p([^\s"'=/:-][^\s"'/]{5,100})/g;
const LOGIN = /\b(?:sshpass|docker login|podman login)\b[^\n]{0,80}?\s(?:-p|--password)[\s=]?([^\s"'-]\S{3,100})/g;
/** A password inside an address, and what an `Authorization` header carries. */
const IN_ADDRESS = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`]{0,100}:([^\s/@"'`]{3,200})@/gi;
const HEADER =
  /\bauthorization["'`]?\s{0,3}[:=]\s{0,3}["'`]?(?:bearer|basic|token|apikey)\s{1,3}([\w.~+/=-]{8,4000})/gi;
/** Values that stand for a secret and are none. */
const PLACEHOLDER =
  /^(?:x{3,}|\*{3,}|\.{3,}|<.*|\$.*|%.*|your[_-].*|my[_-].*|example.*|changeme|redacted|null|none|undefined|true|false|string|required|optional|process\.env.*|os\.environ.*|env\..*|import\.meta.*|Deno\.env.*|secrets\..*|settings\..*|config\..*|self\..*|this\..*|args\..*|request\..*|req\..*|\[.*)$/i;
/** Random-looking texts that are no secrets: hashes, ids, pictures, version strings. */
const HARMLESS =
  /^(?:[0-9a-f]{7,128}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha\d{1,3}-.*|\d[\d.:_-]*)$/i;
/** Bits a character from which a value of a named secret, or of a lone word in a list of variables, counts as random. */
const NAMED_BITS = 2.2;
/** The same for a word of which people say that it is a secret. */
const RANDOM_BITS = 3.6;

/** Takes secrets out. Takes time linear in the text; the rules of secretlint are given pieces of it. */
export async function redact(text: string): Promise<Redacted> {
  const findings = ownFindings(text);
  for (let start = 0; start < text.length; start += PIECE - OVERLAP) {
    findings.push(...await lintFindings(text.slice(start, start + PIECE), start));
    if (start + PIECE >= text.length) break;
  }
  return replaced(withoutPrivate(text, findings), findings);
}

/** Marks what stands between `<private>` and `</private>` as to be left out; an open one lasts to the end. */
function withoutPrivate(text: string, findings: Finding[]): string {
  const lower = text.toLowerCase();
  for (let start = lower.indexOf("<private>"); start >= 0;) {
    const close = lower.indexOf("</private>", start), end = close < 0 ? text.length : close + "</private>".length;
    findings.push({ start, end, kind: "private" });
    start = lower.indexOf("<private>", end);
  }
  return text;
}

function ownFindings(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const [kind, form] of MARKED) {
    for (const match of text.matchAll(form)) {
      findings.push({ start: match.index, end: match.index + match[0].length, kind });
    }
  }
  const values = (form: RegExp, group: number, kind: (match: RegExpMatchArray) => string | null) => {
    for (const match of text.matchAll(form)) {
      const value = match[group]!, named = kind(match);
      if (named === null) continue;
      const start = match.index! + match[0].lastIndexOf(value);
      findings.push({ start, end: start + value.length, kind: named });
    }
  };
  for (const form of [NAMED, NAMED_QUOTED, OPTION, IN_XML, IN_NETRC, SAID]) {
    values(form, 3, (match) => isSecret(match[1]!, match[3]!, match[2] !== "") ? "secret" : null);
  }
  values(IN_ENVIRONMENT, 3, (match) => isSecret(match[1]!, match[3]!, match[2] !== "") ? "secret" : null);
  values(SAID_KEY, 3, (match) => looksRandom(match[3]!) ? "secret" : null);
  values(PREFIXED, 2, (match) => hasDigits(match[2]!) ? "API token" : null);
  for (const { start, end } of privateKeys(text)) findings.push({ start, end, kind: "private key" });
  for (const form of [USER, GLUED, LOGIN]) {
    const isMeant = (value: string) => !PLACEHOLDER.test(value) && !HARMLESS.test(value) && hasDigits(value);
    values(form, 1, (match) => isMeant(match[1]!) ? "password" : null);
  }
  values(IN_ADDRESS, 1, (match) => PLACEHOLDER.test(match[1]!) ? null : "password");
  values(HEADER, 1, (match) => PLACEHOLDER.test(match[1]!) ? null : "authorization");
  return findings;
}

/** Whether a named value is a secret, and not code, a placeholder or a word. */
function isSecret(name: string, value: string, isQuoted: boolean): boolean {
  if (PLACEHOLDER.test(value)) return false;
  const isPassword = IS_PASSWORD.test(name);
  if (!isPassword && /\s/.test(value)) return false; // a sentence
  if (HARMLESS.test(value) && !isPassword && value.length < (/key|secret/i.test(name) ? 16 : 32)) return false;
  // In an environment everything is a value: `DB_PASS=letmein`.
  if (isPassword && /^[A-Z][A-Z0-9_]*$/.test(name)) return true;
  // An identifier, a call or a path in code: `token = nextToken`, `secret: string`.
  if (!isQuoted && /^[A-Za-z_$][\w$]*(?:[.?]{1,2}[A-Za-z_$][\w$]*)*[;)]?$/.test(value) && !hasDigits(value)) {
    return isPassword ? /[A-Z]{2,}|[^\w.]/.test(value) : false;
  }
  return isPassword || entropy(value) * value.length >= NAMED_BITS * 8;
}

/** Private keys: to their end, or as far as what follows a beginning without one may be a key. */
function* privateKeys(text: string): Generator<{ start: number; end: number }> {
  const ends = [...text.matchAll(KEY_ENDS)].map(({ index, 0: { length } }) => index + length);
  let after = 0;
  for (const match of text.matchAll(KEY_BEGINS)) {
    const start = match.index, begun = start + match[0].length;
    if (start < after) continue;
    while (ends.length > 0 && ends[0]! < begun) ends.shift();
    after = begun;
    if (ends.length > 0 && ends[0]! - start <= MAX_KEY) after = ends[0]!;
    else {
      KEY_PIECE.lastIndex = begun;
      while (KEY_PIECE.test(text)) after = KEY_PIECE.lastIndex;
    }
    yield { start, end: after };
  }
}

/** Whether a word is made of letters of both cases and digits as no name, path or word is. */
function looksRandom(value: string): boolean {
  if (HARMLESS.test(value) || PLACEHOLDER.test(value) || digitsIn(value) < 2) return false;
  if (!/[A-Z]/.test(value) || !/[a-z]/.test(value)) return false;
  // Paths, addresses and names of files; the secret keys of AWS have 40 characters, slashes among them.
  if (/[./]/.test(value) && value.length !== 40) return false;
  return entropy(value) >= RANDOM_BITS;
}

const IS_PASSWORD = new RegExp(PASSWORDS, "i");
const hasDigits = (text: string) => /\d/.test(text);
const digitsIn = (text: string) => text.match(/\d/g)?.length ?? 0;

/** Shannon entropy, bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count / text.length * Math.log2(count / text.length);
  return bits;
}

async function lintFindings(content: string, offset: number): Promise<Finding[]> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
  ]);
  const id = "@secretlint/secretlint-rule-preset-recommend";
  const { messages } = await lintSource({
    source: { filePath: "transcript.md", content, ext: ".md", contentType: "text" },
    options: { config: { rules: [{ id, rule: creator }] } },
  });
  return messages.map(({ range: [start, end], ruleId }) => ({
    start: offset + start,
    end: offset + end,
    kind: (ruleId.split("secretlint-rule-").at(-1) ?? "secret").replaceAll("-", " "),
  }));
}

/** The text with each finding replaced by a mark; those that overlap are one. */
function replaced(text: string, findings: Finding[]): Redacted {
  const redactions: Redactions = {};
  let result = "", at = 0;
  const ordered = findings.sort((a, b) => a.start - b.start || b.end - a.end);
  for (let i = 0; i < ordered.length;) {
    const { start, kind } = ordered[i]!;
    let { end } = ordered[i]!;
    for (i++; i < ordered.length && ordered[i]!.start < end; i++) end = Math.max(end, ordered[i]!.end);
    result += `${text.slice(at, start)}[redacted: ${kind}]`;
    redactions[kind] = (redactions[kind] ?? 0) + 1;
    at = end;
  }
  return { text: result + text.slice(at), redactions };
}
