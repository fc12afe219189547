/**
 * Periods in other languages than English. Common expressions are translated and read as the English ones are, so that
 * "letzte Woche" means the same days as "last week". Dates with times are read by chrono-node's locale.
 *
 * Loaded with the first expression that isn't English.
 *
 * @module
 */

import type { DateParser } from "./period.ts";

/** English expressions with their counterparts in German, French, Spanish, Portuguese, Dutch, Russian, Japanese, Chinese. */
const PHRASES: Readonly<Record<string, string>> = {
  "today": "heute|aujourd'hui|hoy|hoje|vandaag|сегодня|今日|きょう|本日|今天",
  "yesterday": "gestern|hier|ayer|ontem|gisteren|вчера|昨日|きのう|昨天",
  "the day before yesterday":
    "vorgestern|avant-hier|avant hier|anteayer|antes de ayer|anteontem|eergisteren|позавчера|" +
    "一昨日|おととい|前天",
  "this morning": "heute morgen|heute früh|ce matin|esta mañana|esta manhã|vanmorgen|vanochtend|сегодня утром|今朝|" +
    "今天早上|今早",
  "this afternoon": "heute nachmittag|cet après-midi|esta tarde|vanmiddag|сегодня днем|今日の午後|今天下午",
  "tonight": "heute abend|ce soir|esta noche|esta noite|hoje à noite|vanavond|сегодня вечером|今晩|今夜|今晚",
  "yesterday evening": "gestern abend|hier soir|ayer por la noche|ontem à noite|gisteravond|вчера вечером|昨晚|昨晩",
  "last night": "letzte nacht|la nuit dernière|anoche|noite passada|vannacht|afgelopen nacht|прошлой ночью|昨夜",
  "this week": "diese woche|cette semaine|esta semana|deze week|на этой неделе|今週|本周|这周|這週|本週",
  "last week": "letzte woche|vorige woche|vergangene woche|la semaine dernière|semaine dernière|la semana pasada|" +
    "semana pasada|a semana passada|na semana passada|semana passada|vorige week|afgelopen week|на прошлой неделе|" +
    "прошлая неделя|先週|上周|上週|上星期",
  "the week before last": "vorletzte woche|semana retrasada|hace dos semanas|eervorige week|先々週|上上周",
  "last weekend": "letztes wochenende|am letzten wochenende|le week-end dernier|el fin de semana pasado|" +
    "fim de semana passado|vorig weekend|afgelopen weekend|в прошлые выходные|先週末|上周末|上週末",
  "this month": "diesen monat|dieser monat|ce mois-ci|ce mois|este mes|este mês|deze maand|в этом месяце|今月|本月|" +
    "这个月|這個月",
  "last month": "letzten monat|letzter monat|vorigen monat|le mois dernier|mois dernier|el mes pasado|mes pasado|" +
    "o mês passado|no mês passado|mês passado|vorige maand|afgelopen maand|в прошлом месяце|прошлый месяц|先月|上个月|" +
    "上個月|上月",
  "this quarter": "dieses quartal|ce trimestre|este trimestre|dit kwartaal|в этом квартале|今四半期|本季度",
  "last quarter": "letztes quartal|le trimestre dernier|el trimestre pasado|no trimestre passado|vorig kwartaal|" +
    "в прошлом квартале|前四半期|上季度|上个季度",
  "this year": "dieses jahr|cette année|este año|este ano|dit jaar|в этом году|今年",
  "last year": "letztes jahr|voriges jahr|im letzten jahr|l'année dernière|l'an dernier|année dernière|el año pasado|" +
    "año pasado|o ano passado|no ano passado|ano passado|vorig jaar|afgelopen jaar|в прошлом году|прошлый год|去年|昨年",
  "recently": "kürzlich|neulich|récemment|recientemente|recentemente|onlangs|недавно|最近",
};

const MONTHS = [
  "januar|jänner|janvier|enero|janeiro|januari|январь|января|январе",
  "februar|feber|février|febrero|fevereiro|februari|февраль|февраля|феврале",
  "märz|mars|marzo|março|maart|март|марта|марте",
  "april|avril|abril|апрель|апреля|апреле",
  "mai|mayo|maio|mei|май|мая|мае",
  "juni|juin|junio|junho|июнь|июня|июне",
  "juli|juillet|julio|julho|июль|июля|июле",
  "august|août|agosto|augustus|август|августа|августе",
  "september|septembre|septiembre|setiembre|setembro|сентябрь|сентября|сентябре",
  "oktober|octobre|octubre|outubro|октябрь|октября|октябре",
  "november|novembre|noviembre|novembro|ноябрь|ноября|ноябре",
  "dezember|décembre|diciembre|dezembro|december|декабрь|декабря|декабре",
];
const ENGLISH_MONTHS = ("january february march april may june july august september october november december")
  .split(" ");

const WEEKDAYS: Readonly<Record<string, string>> = {
  monday: "montag|lundi|lunes|segunda-feira|segunda|maandag|понедельник|понедельника|月曜日|月曜|周一|星期一|週一",
  tuesday: "dienstag|mardi|martes|terça-feira|terça|dinsdag|вторник|вторника|火曜日|火曜|周二|星期二|週二",
  wednesday: "mittwoch|mercredi|miércoles|quarta-feira|quarta|woensdag|среду|среда|среды|水曜日|水曜|周三|星期三|週三",
  thursday: "donnerstag|jeudi|jueves|quinta-feira|quinta|donderdag|четверг|четверга|木曜日|木曜|周四|星期四|週四",
  friday: "freitag|vendredi|viernes|sexta-feira|sexta|vrijdag|пятницу|пятница|пятницы|金曜日|金曜|周五|星期五|週五",
  saturday: "samstag|sonnabend|samedi|sábado|zaterdag|субботу|суббота|субботы|土曜日|土曜|周六|星期六|週六",
  sunday: "sonntag|dimanche|domingo|zondag|воскресенье|воскресенья|日曜日|日曜|周日|星期日|星期天|週日",
};
/** Words for "last" before or after a weekday, and words that only lead up to it. */
const LAST =
  "letzten|letzter|vergangenen|dernier|pasado|passado|passada|última|último|afgelopen|vorige|прошлый|прошлую|прошлое|上";
const LEAD = "am|an|im|le|la|el|en|o|a|na|no|em|de|del|do|da|op|in|в|во|на";

const UNITS: Readonly<Record<string, string>> = {
  minute: "minuten|minute|minutes|minutos|minuto|minuut|минут|минуты|минуту|分|分钟|分鐘",
  hour: "stunden|stunde|heures|heure|horas|hora|uur|uren|часов|часа|час|時間|小时|小時|个小时",
  day: "tagen|tag|tage|jours|jour|días|día|dias|dia|dagen|dag|дней|дня|день|日|天",
  week: "wochen|woche|semaines|semaine|semanas|semana|weken|week|недель|недели|неделю|週間|周|週|个星期|星期",
  month: "monaten|monat|monate|mois|meses|mes|mês|maanden|maand|месяцев|месяца|месяц|か月|ヶ月|カ月|个月|個月",
  year: "jahren|jahr|jahre|ans|an|années|année|años|año|anos|ano|jaar|jaren|лет|года|год|年",
};
const NUMBERS = [
  "ein|einem|einer|eine|un|une|una|um|uma|een|один|одну|一",
  "zwei|deux|dos|dois|duas|twee|два|две|二|两|兩",
  "drei|trois|tres|três|drie|три|三",
  "vier|quatre|cuatro|quatro|четыре|四",
  "fünf|cinq|cinco|vijf|пять|五",
  "sechs|six|seis|zes|шесть|六",
  "sieben|sept|siete|sete|zeven|семь|七",
  "acht|huit|ocho|oito|восемь|八",
  "neun|neuf|nueve|nove|negen|девять|九",
  "zehn|dix|diez|dez|tien|десять|十",
];

/** A table with folded words for keys. */
type Lookup = ReadonlyMap<string, string>;
const lookup = (rows: readonly (readonly [string, string])[]): Lookup =>
  new Map(rows.flatMap(([english, words]) => folded(words).split("|").map((word) => [word, english] as const)));

const phrases = lookup(Object.entries(PHRASES));
const months = lookup(MONTHS.map((words, index) => [ENGLISH_MONTHS[index]!, words]));
const weekdays = lookup(Object.entries(WEEKDAYS));
const units = lookup(Object.entries(UNITS));
const numbers = lookup(NUMBERS.map((words, index) => [String(index + 1), words]));
const last = new Set(folded(LAST).split("|")), lead = new Set(LEAD.split("|"));

const any = (table: Lookup) => [...table.keys()].sort((a, b) => b.length - a.length).join("|");
const COUNT = `(?:(\\d{1,4}|${any(numbers)}) ?)?`, UNIT = `(${any(units)})`;
const AGO = [
  new RegExp(`^(?:vor|il y a|hace|ha) ${COUNT}${UNIT}(?: atras)?$`),
  new RegExp(`^${COUNT}${UNIT}(?: (?:geleden|назад|atras)| ?前)$`),
];
/** "The last 3 days" ends now, where "vor drei Tagen" is a day. */
const SOME = `(\\d{1,4}|${any(numbers)}) ?`;
const LED = "(?:(?:in|en|innerhalb|wahrend|au cours|pendant|durant) )?" +
  "(?:(?:den|der|die|des|les|los|las|nos|nas|os|as|de) )?";
const PAST = [
  new RegExp(
    `^${LED}(?:letzte[nr]?|vergangene[nr]?|dernieres|derniers|ultim[oa]s|pasad[oa]s|laatste|afgelopen) ${SOME}${UNIT}$`,
  ),
  new RegExp(`^${LED}${SOME}(?:dernieres|derniers|ultim[oa]s) ${UNIT}$`),
  new RegExp(`^(?:за )?последни[ех] ${SOME}${UNIT}$`),
  new RegExp(`^(?:過去|过去|最近|近) ?[的の]? ?${SOME}${UNIT}間?$`),
];
const SINCE = [
  /^(?:seit|ab|depuis|desde|sinds|vanaf|с|со)(?: (?:dem|le|la|el|o|a))? (.+)$/,
  /^(.+?)(?:から|以来|以降)$/,
];
const BETWEEN = [
  /^(?:zwischen|entre|tussen|между) (.+?) (?:und|et|y|e|en|и) (.+)$/,
  /^(?:von|vom|de|du|del|van|с|от) (.+?) (?:bis|bis zum|à|a|au|al|ate|tot|до|по) (.+)$/,
];
const DATE = new RegExp(
  `^(?:(\\d{1,2})(?:\\.|er|º)? (?:de )?)?(${any(months)})(?: (?:de )?(\\d{4}))?(?: г(?:ода|оду|\\.)?)?$`,
);
const EAST_ASIAN = /^(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})[日号號])?)?$/;

/** The English counterpart of a whole, lower-case expression, or null for one that isn't in the tables. */
export function translate(text: string): string | null {
  return translated(folded(text));
}

function translated(text: string): string | null {
  return phrases.get(text) ?? ago(text) ?? past(text) ?? date(text) ?? weekday(text) ?? range(text);
}

function ago(text: string): string | null {
  for (const pattern of AGO) {
    const match = pattern.exec(text);
    if (!match) continue;
    return `${countOf(match[1] ?? "1", match[2]!)} ago`;
  }
  return null;
}

function past(text: string): string | null {
  for (const pattern of PAST) {
    const match = pattern.exec(text);
    if (match) return `last ${countOf(match[1]!, match[2]!)}`;
  }
  return null;
}

/** A number and a unit in English. */
function countOf(number: string, unit: string): string {
  const count = numbers.get(number) ?? number;
  return `${count} ${units.get(unit)!}${count === "1" ? "" : "s"}`;
}

function date(text: string): string | null {
  const east = EAST_ASIAN.exec(text);
  if (east) return [east[1]!, ...[east[2], east[3]].flatMap((part) => part?.padStart(2, "0") ?? [])].join("-");
  const [, day, month, year] = DATE.exec(withoutLead(text)) ?? [];
  return month === undefined ? null : [day, months.get(month), year].filter((part) => part !== undefined).join(" ");
}

function weekday(text: string): string | null {
  const words = withoutLead(text.replace(/^(?:先週の|(?:上个|上個|上)(?=[周星週]))/, "上 ")).split(" ");
  const rest = words.filter((word) => !last.has(word) && word !== "feira");
  const name = rest.length === 1 ? weekdays.get(rest[0]!) : undefined;
  if (name === undefined) return null;
  // Chinese and Japanese name the week: "上周一" is the Monday of last week.
  if (words[0] === "上") return `${name} of last week`;
  return words.length > rest.length ? `last ${name}` : name;
}

function range(text: string): string | null {
  for (const pattern of SINCE) {
    const start = pattern.exec(text)?.[1];
    const english = start === undefined ? null : part(start);
    if (english !== null) return `since ${english}`;
  }
  for (const pattern of BETWEEN) {
    const [, first, second] = pattern.exec(text) ?? [];
    const ends = [first, second].map((end) => end === undefined ? null : part(end));
    if (ends[0] != null && ends[1] != null) return `between ${ends[0]} and ${ends[1]}`;
  }
  return null;
}

/** An end of a range: numbers and ISO dates are the same in every language. */
function part(text: string): string | null {
  const bare = withoutLead(text);
  return /^[\d.:/-]+$/.test(bare) ? bare : translated(text);
}

/** The text after prepositions and articles. */
export function withoutLead(text: string): string {
  const [first = "", ...rest] = text.split(" ");
  return rest.length > 0 && lead.has(first) ? withoutLead(rest.join(" ")) : text;
}

/** Without accents, which many people leave out. */
function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/ß/g, "ss");
}

/** chrono's parsers that may read a text, by its script. Each is loaded when it is asked. */
export async function* dateParsers(text: string): AsyncGenerator<DateParser> {
  for await (const { casual } of locales(text)) {
    // Months and years are in the tables; what chrono takes for one here, such as "feb 30", is something else.
    yield {
      parse: (...of) => casual.parse(...of).filter(({ start }) => start.isCertain("day") || start.isCertain("hour")),
    };
  }
}

async function* locales(text: string): AsyncGenerator<{ casual: DateParser }> {
  if (/\p{Script=Cyrillic}/u.test(text)) return yield await import("chrono-node/ru");
  if (/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u.test(text)) {
    yield await import("chrono-node/ja");
    const { hans, hant } = await import("chrono-node/zh");
    yield hans;
    return yield hant;
  }
  yield await import("chrono-node/de");
  yield await import("chrono-node/fr");
  yield await import("chrono-node/es");
  yield await import("chrono-node/pt");
  yield await import("chrono-node/nl");
}
