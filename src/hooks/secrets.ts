/**
 * Secrets in text that is about to leave a hook: found by the rules of secretlint, by names that say so, and by what looks
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
  [
    "private key",
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,7000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ],
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
  ["Telegram token", /\b\d{8,10}:AA[\w-]{33}\b/g],
  ["Doppler token", /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,60}/g],
  ["Vault token", /\bhv[bsr]\.[\w-]{24,200}/g],
  ["Linear key", /\blin_(?:api|oauth)_[A-Za-z0-9]{32,64}/g],
  ["Notion token", /\b(?:ntn_|secret_)[A-Za-z0-9]{40,60}\b/g],
  ["Postman key", /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b/g],
  ["age key", /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g],
  ["Unimem key", /\bum_[a-z0-9]{1,40}_[\w-]{20,100}/g],
  ["JSON web token", /\beyJ[\w-]{8,4000}\.eyJ[\w-]{4,6000}\.[\w-]{0,1000}/g],
  ["Azure key", /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,100}/g],
];

/** A name that says that its value is a secret, in code, JSON, YAML, URLs and environments, and the value. */
const NAMED = new RegExp(
  "(?:^|[^A-Za-z0-9])([\\w.-]{0,40}?(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|" +
    "private[_-]?key|client[_-]?secret|credentials?|signature|encryption[_-]?key))" +
    "[\"'`]?\\s{0,3}(?::=|=>|[:=])\\s{0,3}([\"'`]?)([^\\s\"'`,;&<>{}()\\[\\]]{6,400})",
  "gi",
);
/** A password inside an address, and what an `Authorization` header carries. */
const IN_ADDRESS = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`]{0,100}:([^\s/@"'`]{3,200})@/gi;
const HEADER =
  /\bauthorization["'`]?\s{0,3}[:=]\s{0,3}["'`]?(?:bearer|basic|token|apikey)\s{1,3}([\w.~+/=-]{8,4000})/gi;
/** Values that stand for a secret and are none. */
const PLACEHOLDER =
  /^(?:x{3,}|\*{3,}|\.{3,}|<.*|\$.*|%.*|your[_-].*|my[_-]?.*|example.*|changeme|redacted|null|none|undefined|true|false|string|required|optional|process\.env.*|os\.environ.*|env\..*|import\.meta.*|Deno\.env.*|secrets\..*|settings\..*|config\..*|self\..*|this\..*|args\..*|request\..*|req\..*|\[.*)$/i;
/** Random-looking texts that are no secrets: hashes, ids, pictures, version strings. */
const HARMLESS =
  /^(?:[0-9a-f]{7,128}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha\d{1,3}-.*|\d[\d.:_-]*)$/i;
/** Bits a character from which a value of a named secret, or of a lone word in a list of variables, counts as random. */
const NAMED_BITS = 2.2;

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
      const end = match.index! + match[0].length - (form === IN_ADDRESS ? 1 : 0);
      findings.push({ start: end - value.length, end, kind: named });
    }
  };
  values(NAMED, 3, (match) => isSecret(match[1]!, match[3]!, match[2] !== "") ? "secret" : null);
  values(IN_ADDRESS, 1, (match) => PLACEHOLDER.test(match[1]!) ? null : "password");
  values(HEADER, 1, (match) => PLACEHOLDER.test(match[1]!) ? null : "authorization");
  return findings;
}

/** Whether a named value is a secret, and not code, a placeholder or a word. */
function isSecret(name: string, value: string, isQuoted: boolean): boolean {
  if (PLACEHOLDER.test(value)) return false;
  const isPassword = /pass|pwd/i.test(name);
  if (HARMLESS.test(value) && !isPassword && value.length < 32) return false;
  // An identifier, a call or a path in code: `token = nextToken`, `secret: string`.
  if (!isQuoted && /^[A-Za-z_$][\w$]*(?:[.?]{1,2}[A-Za-z_$][\w$]*)*[;)]?$/.test(value) && !hasDigits(value)) {
    return isPassword ? /[A-Z]{2,}|[^\w.]/.test(value) : false;
  }
  return isPassword || entropy(value) * value.length >= NAMED_BITS * 8;
}

const hasDigits = (text: string) => /\d/.test(text);

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
