import { assertEquals } from "@std/assert";
import { extractTimeExpression, parseTimeExpression } from "../../src/memory/time_expression.ts";

// A Wednesday.
const NOW = new Date("2026-11-25T14:30:00Z");

/** Question, the expression in it, and what is left. */
const FOUND: [question: string, expression: string, rest: string][] = [
  ["what did we decide last week about caching?", "last week", "what did we decide about caching?"],
  ["What did we decide about caching last week?", "last week", "What did we decide about caching?"],
  ["which errors did I see yesterday in the importer?", "yesterday", "which errors did I see in the importer?"],
  ["What happened 3 days ago?", "3 days ago", "What happened?"],
  ["what changed between March and May 2025?", "between March and May 2025", "what changed?"],
  ["Notes from 2025-03-01 to 2025-03-15 about billing", "2025-03-01..2025-03-15", "Notes about billing"],
  ["Which migrations did we run in March 2025?", "March 2025", "Which migrations did we run?"],
  ["What did Maria donate on May 3, 2023?", "2023-05-03", "What did Maria donate?"],
  ["What bug did we fix since Tuesday?", "since Tuesday", "What bug did we fix?"],
  ["decisions since 2024-05-01", "since 2024-05-01", "decisions"],
  ["What did we ship in Q1 2025?", "Q1 2025", "What did we ship?"],
  ["last quarter's roadmap decisions", "last quarter", "roadmap decisions"],
  ["What did we agree on during the last 2 weeks?", "last 2 weeks", "What did we agree on?"],
  ["what did we agree on last week?", "last week", "what did we agree on?"],
  ["what broke in the past 24 hours", "past 24 hours", "what broke"],
  ["who changed the config this morning?", "this morning", "who changed the config?"],
  ["what did Bob say last summer?", "last summer", "what did Bob say?"],
  ["What did we deploy on Friday?", "Friday", "What did we deploy?"],
  ["What did I work on today?", "today", "What did I work on?"],
  ["decisions before 2024", "before 2024", "decisions"],
  ["What did we choose in March?", "in March", "What did we choose?"],
  ["what was decided in may about auth?", "in May", "what was decided about auth?"],
  ["What did we do the day before yesterday?", "the day before yesterday", "What did we do?"],
  ["how was performance a couple of weeks ago", "2 weeks ago", "how was performance"],
  ["What did we write in early 2025 about pricing?", "early 2025", "What did we write about pricing?"],
  ["What did we discuss from Monday to Wednesday?", "from Monday to Wednesday", "What did we discuss?"],
  ["What did John do the week before August 3, 2023 with us?", "2023-07-27..2023-08-02", "What did John do with us?"],
  ["What did we release last Tuesday afternoon?", "last Tuesday afternoon", "What did we release?"],
  ['what did we plan 2 days ago for "next week"?', "2 days ago", 'what did we plan for "next week"?'],
];

const NOT_FOUND = `
May I use tabs?
What did May say about the API?
what does April think of the plan?
how did the May release go?
in June Smith's review
in April's PR
ask August about the invoice
what happened before May joined
Does Summer like tests?
march through the list in order
one day we may march
May 5 users share one seat?
what did the March Networks camera cost?
What is the second argument of fetch?
second-to-last item
retry after 30 seconds
the timeout is 5 minutes
token expires in 3 days
what runs every 2 weeks?
upgrade chrono-node to 2.10.3
version 2025.3 of PyCharm
why ERR_2024_TIMEOUT
CVE-2024-1234 impact
exit code 137
HTTP 429 after 100 requests
error 2025 in the log
what listens on port 2024?
ports between 2000 and 2049
what did we decide about ports between 2023 and 2025?
after 2000 retries what happens
before 2024 bytes were read
SQL Server 2019 connection string
since ES2020 what changed
file logs/2025-03-15/app.log
notes-2025-03-15.md
issue #2025-03
the last-minute change
what is the last minute of a video
We don't deploy on Friday
cron runs at 3am every Monday
how does auth work today?
"yesterday" as a keyword in the parser
how is \`last week\` parsed
what did we decide for next week?
what changed last week and last month?
Which tests failed in sun grid?
is it in dec or hex?
Did we fall back to polling?
compare 2019 and 2022 prices
between you and me
昨天我们决定了什么
`.trim().split("\n");

Deno.test("a period inside a question is found and taken out", async () => {
  for (const [question, expression, rest] of FOUND) {
    const found = await extractTimeExpression(question, NOW, "UTC");
    assertEquals(found, { period: await parseTimeExpression(expression, NOW, "UTC"), rest }, question);
  }
});

Deno.test("names, numbers, versions, codes and habits are no periods", async () => {
  for (const question of NOT_FOUND) assertEquals(await extractTimeExpression(question, NOW, "UTC"), null, question);
});

Deno.test("the zone of the client decides what yesterday is", async () => {
  const late = new Date("2026-11-25T23:30:00Z");
  const found = await extractTimeExpression("what broke yesterday?", late, "Asia/Tokyo");
  assertEquals(found?.period, await parseTimeExpression("2026-11-25", late, "Asia/Tokyo"));
});

Deno.test("a long or repetitive question takes no long time", async () => {
  const questions = ["march ", "from may to ", "the last week of ", "1 ", "between "].map((part) =>
    part.repeat(2000 / part.length)
  );
  const start = performance.now();
  for (const question of [...questions, "x".repeat(10_000)]) await extractTimeExpression(question, NOW, "UTC");
  // A pattern that tries every way to split such a text would take minutes.
  assertEquals(performance.now() - start < 5000, true);
});
