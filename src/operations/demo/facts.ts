/**
 * An invented team and what it remembers: Harbour, which sells ferry tickets. For trying the product and for pictures.
 *
 * @module
 */

/** What somebody stored: the text, its tags, its type. */
export type Fact = readonly [content: string, tags: readonly string[], type: string];

export const FACTS: readonly Fact[] = [
  [
    "Deploys to production run on Tuesdays and Thursdays at 10:00 UTC, never on the day before a holiday.",
    ["deploy"],
    "decision",
  ],
  [
    "We chose PostgreSQL over MySQL because bookings need exclusion constraints on cabin and date.",
    ["database"],
    "decision",
  ],
  [
    "Seat maps are cached for 90 seconds; a longer cache sold the same cabin twice in March.",
    ["cache", "incident"],
    "decision",
  ],
  ["The mobile app talks to the API over HTTP/2 only; gRPC was dropped after the proxy at the port broke it.", [
    "mobile",
    "api",
  ], "decision"],
  [
    "Prices are kept in cents as whole numbers, in the currency of the port of departure.",
    ["billing", "api"],
    "decision",
  ],
  [
    "Refunds up to 50 € need no approval; above that the shift lead decides within a day.",
    ["billing", "support"],
    "decision",
  ],
  [
    "Feature flags live in the database, not in the environment, so that support can switch them.",
    ["flags"],
    "decision",
  ],
  ["Logs are kept for 30 days, bookings for ten years as the tax office wants it.", ["logging", "law"], "decision"],
  ["The design system is called Tide; buttons have 44 px at least, also on the kiosk.", ["design"], "decision"],
  ["Kiosks run without a network for up to four hours and send what they sold afterwards.", ["kiosk"], "decision"],
  [
    "Amira prefers short pull requests: under 300 lines, with the reason in the first sentence.",
    ["amira", "review"],
    "preference",
  ],
  ["Jonas wants to be told about failing nights by phone, not by mail.", ["jonas", "incident"], "preference"],
  ["Mei writes tests before the fix and asks for the same in reviews.", ["mei", "review"], "preference"],
  ["Tomás likes meetings before eleven; afternoons are for concentrated work.", ["tomas"], "preference"],
  [
    "The customer Nordlinie reads reports in German and wants figures by calendar week.",
    ["nordlinie", "reports"],
    "preference",
  ],
  ["Support answers in the language of the ticket, with first names and without emojis.", ["support"], "preference"],
  ["The staging database is refreshed every Sunday night from an anonymised copy of production.", [
    "database",
    "staging",
  ], "reference"],
  ["The port of Kiel closes its gate 30 minutes before departure, Rostock 45 minutes before.", ["ports"], "reference"],
  ["A booking reference has six characters without 0, O, 1 and I.", ["booking"], "reference"],
  ["The payment provider's sandbox card is 4000 0000 0000 3220; it always asks for a second factor.", [
    "billing",
    "testing",
  ], "reference"],
  [
    "Error budget: 99.9 % of bookings must be confirmed within two seconds, measured over four weeks.",
    ["slo"],
    "reference",
  ],
  [
    "Vehicles over 3.5 t are booked by length in half metres; the driver's cabin counts.",
    ["booking", "vehicles"],
    "reference",
  ],
  ["Pets travel in the pet cabins only, at most two for each booking.", ["booking"], "reference"],
  ["The VAT of onboard sales depends on the flag of the ship, not on the port.", ["billing", "law"], "reference"],
  ["Renew the certificate of the kiosk gateway before the end of January.", ["kiosk", "security"], "task"],
  [
    "Ask Nordlinie whether they still need the weekly CSV now that they have the dashboard.",
    ["nordlinie", "reports"],
    "task",
  ],
  ["Write down how to restore a single booking from the backup.", ["backup", "docs"], "task"],
  ["Move the price rules out of the monolith once the summer season is over.", ["billing", "architecture"], "task"],
  [
    "# Outage of 14 March\n\nThe seat map service answered **stale** maps for 41 minutes.\n\n- Cause: a cache without an upper bound on age\n- Effect: 17 cabins sold twice, all moved to better ones\n- Lesson: every cache has a limit, and a test for it\n\n```sql\nselect cabin, count(*) from bookings\nwhere departure = '2026-03-14' group by cabin having count(*) > 1;\n```",
    ["incident", "cache"],
    "note",
  ],
  [
    "# How to release\n\n1. Merge by Monday noon\n2. Watch staging over night\n3. Deploy at 10:00 UTC, one region after the other\n4. Read the error rate for an hour\n\n| region | first | last |\n| --- | --- | --- |\n| Baltic | Tuesday | Tuesday |\n| North Sea | Thursday | Thursday |",
    ["deploy", "docs"],
    "reference",
  ],
  [
    "Die Hafenbehörde Lübeck schickt Fahrplanänderungen nur per Fax; Jonas trägt sie ein.",
    ["ports", "nordlinie"],
    "note",
  ],
  ["El muelle de Santander cambia de número en verano: del 3 al 5 entre junio y septiembre.", ["ports"], "note"],
  ["ميناء طنجة يطلب قائمة الركاب قبل ست ساعات من المغادرة", ["ports"], "note"],
  ["神戸港では車両の高さ制限が3.8メートルです。", ["ports", "vehicles"], "note"],
];

/** Facts that another one replaced: the older text, the newer, why. Tags and type are alike. */
export const REPLACED: readonly (readonly [older: string, newer: string, why: string, tags: readonly string[]])[] = [
  [
    "The API allows 100 requests a minute for each partner.",
    "The API allows 600 requests a minute for each partner.",
    "Nordlinie's new app needs more",
    ["api", "nordlinie"],
  ],
  [
    "Backups are kept for 14 days in one place.",
    "Backups are kept for 35 days in two places.",
    "Audit of the insurer",
    ["backup"],
  ],
  [
    "The on-call phone is with Jonas.",
    "The on-call phone goes round every Monday: Amira, Jonas, Mei, Tomás.",
    "Jonas can't have every night",
    ["incident"],
  ],
  ["The kiosk shows three languages.", "The kiosk shows seven languages.", "Summer season in the Baltic", [
    "kiosk",
    "design",
  ]],
];

/** Pairs that can't both hold. */
export const CONTRADICTING: readonly (readonly [first: string, second: string, tags: readonly string[]])[] = [
  [
    "The session of a kiosk ends after 3 minutes without a touch.",
    "The session of a kiosk ends after 5 minutes without a touch.",
    ["kiosk"],
  ],
  [
    "Bookings can be changed up to 24 hours before departure.",
    "Bookings can be changed up to 48 hours before departure.",
    ["booking"],
  ],
];

/** Pairs that say the same. */
export const ALIKE: readonly (readonly [first: string, second: string, tags: readonly string[]])[] = [
  [
    "Staging has the same instance size as production, but one replica.",
    "Staging has the same instance size as production, but only one replica.",
    ["staging"],
  ],
  [
    "The monthly report for Nordlinie is due on the third working day.",
    "The monthly report for Nordlinie is due on the third working day!",
    ["nordlinie", "reports"],
  ],
];

/** What the weekly notes are made of. */
export const WEEKS = {
  shipped: [
    "cabin upgrades at the kiosk",
    "a faster seat map",
    "refunds by the traveller",
    "the German receipt",
    "group bookings",
    "the harbour map",
    "vehicle lengths",
    "a quieter checkout",
  ],
  learned: [
    "travellers look for the cabin number first",
    "half of all changes happen on the phone",
    "the old price page confuses agents",
    "dark mode is used on night ferries",
    "most refunds are asked for within an hour",
  ],
  next: [
    "the loyalty card",
    "prices for early birds",
    "a calendar of departures",
    "boarding passes on the watch",
    "lists for the port authority",
  ],
  risk: [
    "the payment provider's new API",
    "the summer peak",
    "an expiring certificate",
    "a full disk in Rostock",
    "too few testers for the kiosk",
  ],
} as const;

export const PEOPLE = ["Amira", "Jonas", "Mei", "Tomás", "Olga", "Femi"] as const;
export const TOPICS = [
  ["editor", ["Helix", "VS Code", "Zed", "Neovim", "IntelliJ", "Emacs"]],
  ["reviews", ["in the morning", "in pairs", "by comments only", "on Thursdays", "with a call", "within a day"]],
  ["notes", ["in Markdown", "as lists", "with diagrams", "by voice", "in short sentences", "with links"]],
  ["tests", ["from the outside in", "with real data", "by properties", "with few mocks", "at night", "before merging"]],
  ["coffee", ["black", "with oat milk", "as espresso", "none, but tea", "with cardamom", "cold"]],
] as const;

/** Dialogues by their project: turns of a person and an assistant, in turn. */
export const DIALOGUES: readonly (readonly [project: string, turns: readonly string[]])[] = [
  ["booking", [
    "How do we keep two people from booking the same cabin?",
    "By an exclusion constraint on cabin and date range. The database refuses the second booking; the API answers 409.",
    "And what does the traveller see then?",
    "The next free cabin of the same class, with the price difference. That is decided in `offers.ts`.",
    "Good. Remember that upgrades are free if we caused the conflict.",
    "Noted: upgrades are free when a conflict is our fault.",
  ]],
  ["deploy", [
    "The deploy of Thursday was rolled back, do you know why?",
    "The health check of the North Sea region failed: the new pods lacked the secret of the payment provider.",
    "Who can add it?",
    "Jonas and Olga have the right. The steps are in *How to release*, last section.",
    "I've asked Olga. We decided to deploy on Tuesdays from now on.",
    "Then the next window is Tuesday at 10:00 UTC.",
  ]],
  ["kiosk", [
    "Travellers at the kiosk in Kiel get a blank screen after paying.",
    "That is the receipt printer: it blocks when out of paper, and the page waits for it.",
    "Can we show the receipt on the screen instead?",
    "Yes, with a code to scan. Mei prepared it behind the flag `kiosk.receipt-code`.",
  ]],
  ["reports", [
    "Nordlinie asks why week 23 has fewer passengers than the port counted.",
    "Children under four have no ticket, but the port counts them. The difference was 212 last year.",
    "I prefer footnotes to a separate page. Please add one to the report.",
    "Done; the footnote appears from week 24 on.",
  ]],
  ["billing", [
    "What happens if a refund fails at the provider?",
    "It is tried again after 1, 10 and 60 minutes, then it lands in the list for support.",
    "How many are there now?",
    "Three, all of cards that were blocked since. Support has written to the travellers.",
  ]],
  ["design", [
    "Should the seat map use green for free cabins?",
    "Not alone: about 8 % of men can't tell it from red. Tide has a hatched pattern for taken ones.",
    "Then colour and pattern together.",
    "Agreed, and a legend below the map.",
  ]],
];

/** What was kept of the dialogues: the text, its tags, its type, and the turn that it was said in. */
export const CONFIRMED: readonly (readonly [...Fact, turn: string])[] = [
  [
    "Upgrades to another cabin are free if we caused the conflict.",
    ["booking", "billing"],
    "decision",
    "Good. Remember that upgrades are free if we caused the conflict.",
  ],
  [
    "The seat map shows free and taken cabins by colour and pattern together, with a legend below.",
    ["design"],
    "decision",
    "Then colour and pattern together.",
  ],
];

/** Documents by their file names. */
export const DOCUMENTS: Readonly<Record<string, string>> = {
  "handbook.md": `# Handbook of the Harbour team

## Working hours

The core time is from ten to three. Whoever is on call may begin later on the next day.

## Holidays

Holidays are asked for two weeks before in the calendar "Harbour away". At most two of the team are away at the same time
between June and August.

## On call

The phone goes round every Monday at nine. Answer within ten minutes; call the next person if you can't.

## Expenses

Train tickets are booked by the office. Meals on journeys are paid back up to 28 € a day, with the receipt.
`,
  "kiosk-manual.md": `# Manual of the kiosk

## Paper

Open the flap with the grey key, put the roll in with the printed side up, close the flap until it clicks.

## Without a network

The light turns yellow. Tickets are sold for up to four hours and sent later; refunds wait.

## Cleaning

Wipe the screen every evening with a dry cloth. Never use spray.
`,
};
