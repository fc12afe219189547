/**
 * What a sentence that is worth keeping looks like, by language. Data for `candidates.ts`: each pattern is matched
 * against one folded sentence of bounded length.
 *
 * @module
 */

/** What a sentence may say. */
export const CANDIDATE_KINDS = ["decision", "preference", "correction", "fix", "task"] as const;
export type CandidateKind = typeof CANDIDATE_KINDS[number];

/** A pattern that tells a kind. */
export interface CandidateRule {
  language: "en" | "de";
  kind: CandidateKind;
  /** Matched without regard to case and accents: sentences are folded, and so are the patterns. */
  pattern: RegExp;
}

const rules = (language: CandidateRule["language"], kind: CandidateKind, ...patterns: RegExp[]): CandidateRule[] =>
  patterns.map((pattern) => ({ language, kind, pattern }));

/** The first rule that matches tells the kind. */
export const CANDIDATE_RULES: readonly CandidateRule[] = [
  ...rules(
    "en",
    "fix",
    /\b(?:the|this) (?:fix|solution|root cause|real cause|culprit|workaround) (?:was|is|turned out to be) (?!n[o']t (?:clear|known)|unclear|what|how|still)/,
    /\b(?:fixed|solved|resolved) (?:it|this|that|the \w+(?: \w+){0,3}) by \w+ing\b/,
    /\b(?:it|that|this) (?:was|is) caused by\b/,
  ),
  ...rules(
    "en",
    "correction",
    /^(?:(?:no|nope|sorry)[,:]|actually[,:]?|correction[,:]?) (?:actually,? )?(?:it|that|this|the \w+(?: \w+)?|he|she|they|there|we)(?:'s| (?:is|are|was|were|should be))\b(?! (?:why|what|how|ok|okay|fine|great|good|cool|so|really|very|too|true|right)\b)/,
    /\b(?:that|this)(?:'s| is|'s actually| is actually) (?:wrong|incorrect|outdated|no longer true|not (?:right|correct|true))\b/,
    /\bi (?:misspoke|was wrong about|made a mistake (?:about|earlier))\b/,
  ),
  ...rules(
    "en",
    "preference",
    /\b(?:i|we)(?:'d| would)? (?:(?:really|much|always|usually|generally|strongly|personally) ){0,2}prefer (?!not to (?:say|answer))/,
    /^(?:please )?(?:always|never|don't ever|do not ever) (?!(?:a|an|the|so|too|my|your|here|there|good|great|nice|fun|happy|glad|love|loved|mind|been|heard|seen|saw|thought|had|have|knew|know|felt|wanted|looking|going|trying|been|in|on|at|up|tried|got|too|ending|again|before|really|something|worth|better|quit|give|stop|\w+ing)\b)[a-z]+ \w+/,
    /\bplease (?:always|never|don't ever|do not ever|stop|avoid)\b/,
    /^from now on\b|\bfrom now on[,:]? (?:please|use|always|never|only|we|you|do|don't|i want)\b/,
    /\b(?:i|we) (?:don't|do not) (?:want|like) (?:you to|any|to (?:use|see|have))\b/,
    /\bmy (?:favou?rite|preferred) [a-z]+(?: [a-z]+){0,3} (?:is|are)\b/,
  ),
  ...rules(
    "en",
    "decision",
    /\b(?:we|i)(?:'ve| have)? (?:(?:finally|now|already|also|all|just) )?decided (?:on|that|against|not to|to (?!(?:spontaneously|have|take|go(?! with)|try|make|give|get|watch|start|order|cook|eat|run|visit|do|come|see|check|pick|just|finally)\b))\b/,
    /\b(?:we|i)(?:'ve| have)? (?:(?:finally|now|just) )?(?:agreed|settled|standardi[sz]ed) (?:to|on|that)\b/,
    /\b(?:we|i)(?:'ll| will|'re going to| are going to|'m going to| am going to) (?:(?:now|just|only|always|instead) )?(?:use|go with|switch to|stick with|stick to|drop|adopt|migrate to|move to|stop using)\b/,
    /\b(?:let's|lets|let us) (?:(?:just|instead|now) )?(?:use|go with|go for|switch to|stick with|stick to|drop|adopt|migrate to|move to|stop using|keep using)\b/,
    /\b(?:we|i)(?:'ve| have)? (?:chose|chosen|opted)(?: to| for)? (?!(?:them|it|this|that|him|her|you|do|go|have|get)\b)\w+/,
    /\b(?:the|our|my) (?:final )?decision (?:is|was)\b/,
    /\b(?:we|i)(?:'re| are|'m| am)? (?:now )?using \w+(?: \w+){0,4} (?:instead of|rather than)\b/,
  ),
  ...rules(
    "en",
    "task",
    /^(?:[-*] )?(?:\[ \]|todo|to-do|to do|fixme|action item|next step)s?\b[:\s]/,
    /\b(?:we|i|you) (?:still (?:need|have) to (?!do\b)|must still|also need to|(?:need|have) to remember to)\b/,
    /^(?:(?:please|and|also) ){0,2}remind me to\b/,
    /\b(?:don't|do not|mustn't|let's not|never) forget to (?:update|add|run|push|deploy|merge|check|test|rename|remove|delete|send|write|fix|renew|rotate|commit|document|bump|file|order|book|pay|call|email|ask)\b/,
    /\b(?:remains|left|still) to be (?:done|fixed|written|decided|tested|implemented)\b/,
    /\b(?:next|tomorrow|later|on monday|next week)[,:]? (?:we|i)(?:'ll| will| need to| have to| should) (?!(?:talk|see|show|tell|let|be|catch|go)\b)\w+/,
    /\b(?:we|i)(?:'ll| will| need to| have to| should) (?!(?:talk|see|show|tell|let|be|catch|try|come|go|do|definitely)\b)[a-z]+(?: [a-z]+){0,6} (?:tomorrow|next week|next month|by (?:monday|tuesday|wednesday|thursday|friday|tomorrow))\b/,
  ),
  ...rules(
    "de",
    "fix",
    /\b(?:die|der) (?:losung|ursache|fehler|grund|fix) (?:war|ist|lag)\b/,
    /\b(?:es|das|dies) (?:lag|liegt) (?:an|am|daran)\b/,
    /\b(?:behoben|gelost|repariert) (?:durch|indem|mit)\b/,
  ),
  ...rules(
    "de",
    "correction",
    /^(?:nein|nee|doch|korrektur|tatsachlich|eigentlich)[,:]? (?:es|das|die|der|er|sie|wir|ist|sind|war)\b/,
    /\b(?:das|dies) (?:ist|war|stimmt) (?:so )?(?:falsch|nicht(?: mehr)?(?: richtig| wahr)?[.!]?$|veraltet|uberholt)/,
    /\bich habe mich (?:geirrt|vertan)\b/,
    /\bnicht \w+(?: \w+){0,3}, sondern\b/,
  ),
  ...rules(
    "de",
    "preference",
    /\b(?:ich|wir) (?:bevorzuge|bevorzugen|mag|mogen) (?:es )?(?:lieber )?\w+/,
    /\b(?:ich|wir) (?:mochte|mochten|will|wollen) (?:\w+ ){0,3}(?:kein|keine|keinen|nicht|nie|lieber|immer)\b/,
    /\b(?:bitte )?(?:immer|nie|niemals) (?:\w+ ){1,6}(?:verwenden|benutzen|nutzen|schreiben|andern|loschen|machen|nehmen|fragen)\b/,
    /\b(?:bitte) (?:immer|nie|niemals|kein|keine|keinen)\b/,
    /\bab (?:jetzt|sofort)\b/,
    /\bvon nun an\b/,
  ),
  ...rules(
    "de",
    "decision",
    /\b(?:wir|ich) (?:haben|habe) (?:uns|mich)? ?(?:\w+ ){0,8}(?:entschieden|beschlossen|geeinigt|vereinbart|festgelegt)\b/,
    /\b(?:wir|ich) (?:verwenden|nutzen|benutzen|nehmen|nehme|verwende|nutze|setzen|bleiben|bleibe|wechseln|wechsle|steigen) (?:ab |jetzt |kunftig |nun |stattdessen |bei |auf |zu |von )/,
    /\b(?:wir|ich) (?:werden|werde) (?:\w+ ){1,5}(?:verwenden|nutzen|einsetzen|umstellen|umsteigen|wechseln|nehmen)\b/,
    /\b(?:lass|lasst) uns (?:\w+ ){1,5}(?:verwenden|nutzen|nehmen|einsetzen|umsteigen|wechseln)\b/,
    /\b(?:die|unsere) entscheidung (?:ist|war|fiel|lautet)\b/,
  ),
  ...rules(
    "de",
    "task",
    /\b(?:wir|ich) (?:mussen|muss|sollten|sollte) (?:noch|morgen|spater|als nachstes)\b/,
    /\b(?:erinnere|erinner) mich\b/,
    /\bnicht vergessen\b/,
    /\b(?:offen ist|es fehlt|es fehlen|zu tun bleibt|noch zu tun|noch offen)\b/,
    /^(?:als nachstes|nachster schritt)\b/,
  ),
];

/** What makes of a sentence a question, a wish or a guess, whatever else it says. */
export const NOT_A_FACT: readonly RegExp[] = [
  /\?\s*["')\]]*$/,
  /^(?:if|when|unless|whether|maybe|perhaps|should we|could we|imagine|suppose|wenn|falls|ob|vielleicht|angenommen)\b/,
  /\b(?:i wish|might have|would have|not sure|i'm unsure|not decided|haven't decided|have not decided|can't decide)\b/,
  /\b(?:noch nicht entschieden|nicht sicher|weiss nicht|konnten wir|sollen wir)\b/,
  /\b(?:decide|decided) (?:if|whether)\b/,
  // What was chosen stands in another sentence.
  /\b(?:go|stick) (?:with|for|to) (?:it|this|that|those|these|the plan)\b/,
];
