import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { parseTimeExpression } from "../../src/memory/time_expression.ts";

const now = new Date("2026-11-25T12:00:00Z");
const read = (text: string) => parseTimeExpression(text, now, "Europe/Berlin");

/** English expressions, each with what the other languages say for it. */
const SAME: Record<string, string[]> = {
  "yesterday": ["gestern", "Hier", "ayer", "ontem", "gisteren", "вчера", "昨日", "昨天"],
  "the day before yesterday": [
    "vorgestern",
    "avant-hier",
    "anteayer",
    "anteontem",
    "eergisteren",
    "позавчера",
    "一昨日",
    "前天",
  ],
  "this morning": [
    "heute Morgen",
    "ce matin",
    "esta mañana",
    "esta manhã",
    "vanmorgen",
    "сегодня утром",
    "今朝",
    "今天早上",
  ],
  "last week": [
    ...["letzte Woche", "la semaine dernière", "la semana pasada", "na semana passada", "vorige week"],
    ...["на прошлой неделе", "先週", "上周", "上週"],
  ],
  "last month": [
    "letzten Monat",
    "le mois dernier",
    "el mes pasado",
    "mês passado",
    "vorige maand",
    "в прошлом месяце",
    "先月",
    "上个月",
  ],
  "last year": [
    "letztes Jahr",
    "l’année dernière",
    "el año pasado",
    "ano passado",
    "vorig jaar",
    "в прошлом году",
    "去年",
  ],
  "3 days ago": [
    "vor drei Tagen",
    "il y a 3 jours",
    "hace 3 dias",
    "há 3 dias",
    "3 dagen geleden",
    "3 дня назад",
    "3日前",
    "三天前",
  ],
  "last 3 days": [
    "letzte 3 Tage",
    "in den letzten drei Tagen",
    "les 3 derniers jours",
    "au cours des trois derniers jours",
    "los últimos 3 días",
    "nos últimos três dias",
    "de afgelopen 3 dagen",
    "за последние 3 дня",
    "过去3天",
    "過去3日間",
    "最近三天",
  ],
  "last 24 hours": ["letzte 24 Stunden", "les dernières 24 heures", "las últimas 24 horas", "laatste 24 uur"],
  "last 2 weeks": ["die letzten zwei Wochen", "últimas 2 semanas", "最近2週間", "последние 2 недели"],
  "2 weeks ago": [
    "vor 2 Wochen",
    "il y a deux semaines",
    "hace dos semanas",
    "há duas semanas",
    "2 weken geleden",
    "2週間前",
    "两周前",
  ],
  "March 2025": ["März 2025", "mars 2025", "marzo de 2025", "março de 2025", "maart 2025", "март 2025", "2025年3月"],
  "5 March 2025": [
    "am 5. März 2025",
    "le 5 mars 2025",
    "5 de marzo de 2025",
    "5 de março de 2025",
    "op 5 maart 2025",
    "5 марта 2025",
    "2025年3月5日",
  ],
  "last Monday": [
    "letzten Montag",
    "lundi dernier",
    "el lunes pasado",
    "segunda-feira passada",
    "afgelopen maandag",
    "в прошлый понедельник",
  ],
  "Monday of last week": ["先週の月曜日", "上周一"],
  "since Monday": ["seit Montag", "depuis lundi", "desde el lunes", "sinds maandag", "с понедельника", "月曜日から"],
  "between March and May 2025": [
    "zwischen März und Mai 2025",
    "entre mars et mai 2025",
    "entre marzo y mayo de 2025",
    "tussen maart en mei 2025",
  ],
  "5 March 2025 14:30": ["5. März 2025 um 14:30", "le 5 mars 2025 à 14h30"],
};

for (const [english, others] of Object.entries(SAME)) {
  Deno.test(`"${english}" means the same days in other languages`, async () => {
    const expected = await read(english);
    for (const text of others) assertEquals(await read(text), expected, text);
  });
}

Deno.test("words of no language are refused by name, with and without a number", async () => {
  for (const text of ["lst week", "foo 3 bar", "vor drei Bananen", "先猫", "2020-02-30"]) {
    await assertRejects(() => read(text), MemoryError, `"${text}"`);
  }
});
