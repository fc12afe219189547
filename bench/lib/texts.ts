/**
 * Texts and questions that resemble an assistant's notes and conversations, made from a number: the same number gives
 * the same text everywhere, and no two numbers in use give the same one.
 *
 * Word frequencies fall off as in real text: a few hundred everyday words, and names drawn by Zipf's law from thousands.
 *
 * @module
 */

import { pick, seeded } from "./random.ts";

const PEOPLE = words(`Alma Bashir Carla Deniz Elif Farid Greta Hugo Ines Jonas Kiran Lena Malik Nadia Oskar Priya
  Quentin Rosa Samir Tilda Umar Vera Wendell Ximena Yara Zoltan Amara Boris Celia Dmitri Esther Felix`);
const TOPICS = words(`invoices deployment backups onboarding search billing dashboard newsletter garden kitchen marathon
  vacation budget interviews pottery piano roadmap database cache queue logging tests release migration permissions
  translation camera bicycle hiking adoption counselling painting volunteering workshop conference birthday`);
const TOOLS = words(`PostgreSQL Redis Terraform Grafana Kubernetes SQLite Figma Notion Ansible Kafka Docker Nginx
  Sentry Stripe Elasticsearch Prometheus Jenkins Vault Airflow Metabase`);
const FEELINGS = words("proud nervous relieved tired curious frustrated excited grateful unsure confident");
const PLACES = words("Lisbon Oslo Nairobi Kyoto Austin Ghent Tbilisi Quito Dakar Hanoi Leeds Porto Gdansk Turin");
const TIMES = words("Monday Tuesday Wednesday Thursday Friday yesterday tomorrow tonight");
const VERBS = words(
  "moved changed finished started postponed reviewed tested dropped described planned fixed measured",
);
const ADJECTIVES = words("small quiet slow careful early late shared private broken cheap new old blue green heavy");

type Draw = () => number;
type Clause = (draw: Draw) => string;

const CLAUSES: readonly Clause[] = [
  (d) =>
    `${pick(PEOPLE, d)}: I ${pick(VERBS, d)} the ${pick(TOPICS, d)} with ${rareName(d)} and felt ${pick(FEELINGS, d)}.`,
  (d) =>
    `We decided to keep ${pick(TOPICS, d)} in ${pick(TOOLS, d)} because ${rareName(d)} was too ${pick(ADJECTIVES, d)}.`,
  (d) =>
    `${pick(PEOPLE, d)} prefers ${pick(ADJECTIVES, d)} ${pick(TOPICS, d)} over ${pick(TOPICS, d)} since ${
      pick(PLACES, d)
    }.`,
  (d) => `Error ${rareName(d).toUpperCase()}-${Math.floor(d() * 900 + 100)} appears when ${pick(TOOLS, d)} restarts.`,
  (d) =>
    `On ${pick(TIMES, d)} ${pick(PEOPLE, d)} ${pick(VERBS, d)} a ${pick(ADJECTIVES, d)} ${pick(TOPICS, d)} for ${
      rareName(d)
    }.`,
  (d) => `Remember that ${rareName(d)} needs ${Math.floor(d() * 60 + 2)} minutes before the ${pick(TOPICS, d)} works.`,
  (d) => `${pick(PEOPLE, d)} went to ${pick(PLACES, d)} with ${pick(PEOPLE, d)} and talked about ${pick(TOPICS, d)}.`,
  (d) => `The ${pick(TOPICS, d)} of ${rareName(d)} runs on ${pick(TOOLS, d)}, ${pick(PEOPLE, d)} has the key.`,
  (d) => `That sounds ${pick(ADJECTIVES, d)}! What did ${pick(PEOPLE, d)} say about the ${pick(TOPICS, d)}?`,
];

const QUESTIONS: readonly Clause[] = [
  (d) => `When did ${pick(PEOPLE, d)} work on the ${pick(TOPICS, d)} for ${rareName(d)}?`,
  (d) => `Which database holds the ${pick(TOPICS, d)} of ${rareName(d)} and ${rareName(d)}?`,
  (d) => `What does ${pick(PEOPLE, d)} think of ${pick(ADJECTIVES, d)} ${pick(TOPICS, d)} in ${pick(PLACES, d)}?`,
  (d) => `Why was ${pick(TOOLS, d)} chosen over ${rareName(d)} for ${pick(TOPICS, d)}?`,
  (d) => `How long does ${rareName(d)} take before ${pick(TOPICS, d)} is ready on ${pick(TIMES, d)}?`,
  (d) => `Who has the key to the ${pick(ADJECTIVES, d)} ${pick(TOPICS, d)} that ${rareName(d)} runs?`,
];

/** A memory's text, some 110 characters long. */
export function textAt(index: number): string {
  const draw = drawOf(index, 1);
  const clauses = Array.from({ length: draw() < 0.25 ? 3 : 2 }, () => pick(CLAUSES, draw)(draw));
  return clauses.join(" ");
}

/** A memory's text of at least so many characters, and hardly more. */
export function longTextAt(index: number, characters: number): string {
  const draw = drawOf(index, 4);
  let text = pick(CLAUSES, draw)(draw);
  while (text.length < characters) text += ` ${pick(CLAUSES, draw)(draw)}`;
  return text;
}

/** A question; new to a service that wasn't asked the same number before. */
export function questionAt(index: number): string {
  const draw = drawOf(index, 2);
  return `${pick(QUESTIONS, draw)(draw).slice(0, -1)}, ${pick(PEOPLE, draw)} and ${rareName(draw)}?`;
}

/** A tag, shared by many texts. */
export function tagAt(index: number): string {
  return pick(TOPICS, drawOf(index, 3));
}

function drawOf(index: number, kind: number): Draw {
  const random = seeded(Math.imul(index, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca6b));
  // The first draws of neighbouring seeds are alike.
  random();
  return random;
}

const RARE_NAMES = 20_000;
const SYLLABLES = words(
  "ba cor dal eth fin gor hul ish jen kal lor mir nov ost pel qua ren sil tor umb ven wex yor zan",
);

/** A made-up name, the first few of them often and most of them hardly ever. */
function rareName(draw: Draw): string {
  let rank = Math.floor(Math.exp(draw() * Math.log(RARE_NAMES)));
  let name = "";
  for (let i = 0; i < 2 || rank > 0; i++) {
    name += SYLLABLES[(rank * 7 + i * 5) % SYLLABLES.length];
    rank = Math.floor(rank / SYLLABLES.length);
  }
  return name[0]!.toUpperCase() + name.slice(1);
}

function words(text: string): string[] {
  return text.split(/\s+/);
}
