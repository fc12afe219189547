/**
 * Texts, numbers and times in the reader's language.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { MESSAGES } from "./messages/table.ts";

/** The languages the table has, in the order of its columns. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = typeof LANGUAGES[number];
export type MessageKey = keyof typeof MESSAGES;

const STORED_AS = "unimem-language";

export const language = signal<Language>(firstLanguage());

function firstLanguage(): Language {
  const wanted = [localStorage.getItem(STORED_AS), ...navigator.languages];
  const known = wanted.map((tag) => LANGUAGES.find((language) => tag?.toLowerCase().startsWith(language)));
  return known.find(Boolean) ?? "en";
}

/** Chooses the language and remembers it. */
export function chooseLanguage(wanted: Language): void {
  localStorage.setItem(STORED_AS, wanted);
  language.value = wanted;
}

/**
 * A text of the table. `{name}` stands for a value; of a text with `|` the first part is taken for one, the second for
 * any other number `n`.
 */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const row = MESSAGES[key], text = row[LANGUAGES.indexOf(language.value) as 0 | 1];
  const [one, other] = text.split("|");
  const chosen = other === undefined || values.n === 1 ? one! : other;
  return chosen.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : value ?? "";
  });
}

/** Whether the table has a text under a name that is made up from data. */
export function hasText(key: string): key is MessageKey {
  return Object.hasOwn(MESSAGES, key);
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(language.value, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  for (; value >= 1000 && step < units.length - 1; step++) value /= 1000;
  return `${number(value, value < 10 && step > 0 ? 1 : 0)} ${units[step]}`;
}

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]] as const;

/** How long ago, such as "3 hours ago". */
export function ago(seconds: number): string {
  const past = seconds - Date.now() / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(past) >= length) ?? ["second", 1] as const;
  if (unit === "second") return t("time.now");
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  return format.format(Math.round(past / size), unit);
}

/** Day and time in the reader's zone. */
export function dateTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
}

/** A day; `date` may also be `YYYY-MM-DD`, which is a day of no zone. */
export function day(date: number | string, options: Intl.DateTimeFormatOptions = { dateStyle: "medium" }): string {
  return typeof date === "number"
    ? new Date(date * 1000).toLocaleDateString(language.value, options)
    : new Date(`${date}T00:00:00Z`).toLocaleDateString(language.value, { ...options, timeZone: "UTC" });
}

export function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(language.value, { timeStyle: "short" });
}

/** A length of time, such as "3 h". */
export function duration(seconds: number): string {
  if (seconds < 90) return t("time.seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return t("time.minutes", { n: Math.round(seconds / 60) });
  if (seconds < 172_800) return t("time.hours", { n: Math.round(seconds / 3600) });
  return t("time.days", { n: Math.floor(seconds / 86_400) });
}

/** The reader's time zone, for figures by day. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
