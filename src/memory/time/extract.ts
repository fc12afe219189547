/**
 * Finds the words in a question that surely name a period. It rather misses one than takes "May" the colleague, a
 * version, a port or an error code for a time.
 *
 * It works in two steps, words to marks and marks to phrases: one pattern for all of it takes V8 100 ms to compile.
 *
 * @module
 */

import { DAY_PART, DURATION, MONTH, ORDINAL, SEASON, WEEKDAY, YEAR } from "./words.ts";

/** The words that name a period, and the question without them. */
export interface Span {
  expression: string;
  rest: string;
}

const DAY = "\\d{1,2}(?:st|nd|rd|th)?";
const UNIT = "(?:week|month|quarter|year)";
const PART =
  `(?:(?:early|mid|late|(?:the )?(?:${ORDINAL}|last) (?:week|half|day) of|the (?:beginning|start|middle|end) of)[ -])`;

/** One kind of expression each; what it stands for depends on `markOf`. */
const ATOMS = {
  clear: `(?:the )?day before yesterday|yesterday(?: ${DAY_PART})?|last night|this (?:morning|afternoon)|` +
    `${PART}?(?:(?:earlier )?this|last|previous) ${UNIT}|the ${UNIT} before last|the (?:past|last) (?:hour|day|${UNIT})|` +
    `(?:last|this) weekend|(?:the )?${ORDINAL} quarter of ${YEAR}|` +
    `\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d(?::\\d\\d)?(?:Z|[+-]\\d\\d:\\d\\d)?)?`,
  length: `(?:(?:the )?(?:last|past|previous) )?${DURATION}(?: ago)?`,
  month: `(?:${PART}|last )?(?:${DAY} (?:of )?)?${MONTH}(?: ${DAY})?(?:,? (?:of )?${YEAR})?`,
  season: `(?:(?:last|this) )?${SEASON}(?: (?:of )?${YEAR})?`,
  weekday: `(?:(?:last|this) )?${WEEKDAY}(?: ${DAY_PART})?(?: (?:of )?last week)?`,
  quarter: `Q[1-4](?:[ -]${YEAR})?|${YEAR}[ -]Q[1-4]`,
  year: `${PART}?${YEAR}`,
  today: "today",
  now: "now",
};
/** Whole words only, and no part of a path, a version, an identifier or a hyphenated word such as "last-minute". */
const ATOM = new RegExp(
  `(?<![\\w./:#@&=_-])(?:${
    Object.entries(ATOMS).map(([name, source]) => `(?<${name}>${source})`).join("|")
  })(?![\\w/:#@=_-]|\\.\\w)`,
  "gi",
);

/** C clear wherever it stands; L a length, M a month, D a day of one, W a weekday, Y a year, Q a quarter, T today, N now. */
type Mark = "C" | "L" | "M" | "D" | "W" | "Y" | "Q" | "T" | "N";
const MARKS = "CLMDWYQTN";
const FILL = "\uE0FF";

const LINKS =
  "(?:what|which|who|why|when|where|how|did|do|does|was|were|is|we|you|i|and|or|about|for|with|on|to|that|the)";
/** What may follow a word that might also be a name or a number: nothing, or the next clause. */
const CLAUSE_END = `(?=\\s*(?:[?!.,;:)]|$)|\\s+${LINKS}\\b)`;
const PHRASES = [
  phrase(`(?:between|from) <CMDWYQTN> (?:and|to|until|till|through) <CMDWYQTN>${CLAUSE_END}`),
  phrase("<C> ?(?:\\.\\.|to|until|/) ?<C>"),
  phrase("(?:the )?(?:day|week|month|year|<L>) before <CD>"),
  phrase("(?:(?:since|before|after|until|till|prior to) )?<C>"),
  phrase(`(?:since|before|after|until|till|in|during) <MYQ>${CLAUSE_END}`),
  phrase(`(?:since|before|after|until|on) (?:the )?<D>${CLAUSE_END}`),
  phrase(`(?:since|until) <W>${CLAUSE_END}`),
];
const PAST_PHRASES = [phrase(`(?:on <W>|<T>)${CLAUSE_END}`)];
/** Whether the question is about something that happened; "we don't deploy on Friday" isn't. */
const PAST = /\b(?:did|was|were|had|happened|went|said|told|made|wrote|broke|chose|found|fixed|decided|\w{3,}ed)\b/i;

/** Nouns that make a number beside them something other than a year. */
const COUNTED =
  /\b(?:ports?|lines?|rows?|bytes|ms|retries|requests|errors?|codes?|status|numbers?|versions?|issues?|tickets?|prs?|ids?)\b/i;
/** Abbreviations that are other words too. */
const ABBREVIATION = /\b(?:jan|mar|dec|sep|sat|sun|mon|wed|fri|thu)\b\.?(?! ?\d)/i;
const NAME = /\b(?:jan|may|march|april|june|august)$/i;
const QUOTED = /`[^`]*`|"[^"]*"|“[^”]*”/g;

/** The words that name the question's only period, or null when there are none or several. */
export function spanIn(query: string): Span | null {
  if (query.length > 2000) return null;
  const visible = query.replace(QUOTED, (quote) => FILL.repeat(quote.length));
  let marked = visible.replace(ATOM, (text, ...match) => {
    const mark = markOf(text, match.at(-1) as Record<string, string | undefined>);
    return mark ? charOf(mark) + FILL.repeat(text.length - 1) : text;
  });
  const found: [number, number][] = [];
  for (const pattern of PAST.test(visible) ? [...PHRASES, ...PAST_PHRASES] : PHRASES) {
    marked = marked.replace(pattern, (text: string, start: number) => {
      const end = start + text.length;
      if (isSure(query.slice(0, start), query.slice(start, end), query.slice(end))) found.push([start, end]);
      return FILL.repeat(text.length);
    });
  }
  const [only] = found;
  if (!only || found.length > 1) return null;
  return { expression: query.slice(...only), rest: without(query, ...only) };
}

function markOf(text: string, match: Record<string, string | undefined>): Mark | null {
  const qualified = /^(?:last|this|previous|past|the (?:last|past|previous)) /i.test(text) ||
    / (?:ago|last week)$/i.test(text);
  if (match.clear || (qualified && !match.year && !/^last may$/i.test(text))) return "C";
  if (match.length) return "L";
  const dated = /\b\d{4}$|^\d{4}/.test(text);
  if (match.month) return dated ? "C" : /\d/.test(text) ? "D" : "M";
  if (match.year) return /^\d/.test(text) ? "Y" : "C";
  if (match.season) return dated ? "C" : null;
  if (match.quarter) return dated ? "C" : "Q";
  return match.weekday ? "W" : match.today ? "T" : "N";
}

function isSure(before: string, text: string, after: string): boolean {
  if (ABBREVIATION.test(text)) return false;
  // "ports between 2000 and 2049", "before 2024 bytes".
  if (/^\w+ \d{4} \w+ \d{4}$/.test(text) && COUNTED.test(before.trimEnd().split(/\s+/).slice(-2).join(" "))) {
    return false;
  }
  if (/ \d{4}$/.test(text) && COUNTED.test(after.slice(0, 20))) return false;
  if (!NAME.test(text)) return true;
  // "in April's PR", "in June Smith's review", "since May joined".
  if (/^['’]s\b|^ [A-Z]\w/.test(after)) return false;
  return /^(?:in|during|between|from) /i.test(text) || /^\s*(?:[?!.,;]|$)/.test(after);
}

/** The question without the expression and the preposition that led to it. */
function without(query: string, start: number, end: number): string {
  const text = query.slice(start, end);
  // "work on yesterday" needs its "on", "on 3 May" doesn't.
  const leading = /^(?:yesterday|today|since|until|till|before|after|\w+ .*ago$)/i.test(text)
    ? /$/
    : /^(?:the )?(?:\d|[A-Z])/.test(text)
    ? /\b(?:in|on|during|at|within|from|of|for)\s+$/i
    : /\b(?:in|during|over|within|from|of|for)\s+$/i;
  const before = query.slice(0, start).replace(leading, "");
  const after = query.slice(end).replace(/^['’]s\b/, "");
  return `${before} ${after}`.replace(/\s+/g, " ").replace(/ (?=[?!.,;:)])/g, "").replace(/^[\s,;:]+/, "").trim();
}

/** A pattern over marked text; `<CD>` stands for a mark of either kind. */
function phrase(source: string): RegExp {
  const marks = source.replace(/<([A-Z]+)>/g, (_, kinds: string) => {
    return `[${[...kinds].map((kind) => charOf(kind as Mark)).join("")}]${FILL}*`;
  });
  return new RegExp(`(?<![\\w./-])(?:${marks})`, "gi");
}

/** A private-use character for a mark, so that no query has one by chance. */
function charOf(mark: Mark): string {
  return String.fromCharCode(0xE000 + MARKS.indexOf(mark));
}
