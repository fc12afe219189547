/**
 * Cuts long text into overlapping chunks that fit a model's window, at paragraphs, sentences or words.
 *
 * @module
 */

/** A stretch of the text, in UTF-16 units: `text.slice(start, end)`. */
export interface Chunk {
  start: number;
  end: number;
}

/** How text is cut. */
export interface ChunkOptions {
  /** Tokens of a text as the model counts them, without the tokens it adds around each text. */
  countTokens: (text: string) => number;
  /** Most tokens in a chunk, ≥ 1. */
  budget: number;
  /** Tokens a chunk repeats of the one before, at most; less than half the budget. */
  overlap: number;
}

/** A word with the white space before it, or a part of a very long word. */
interface Piece extends Chunk {
  /** At least 1, so that a chunk has no more pieces than its budget. */
  tokens: number;
  /** How good a place its end is for a cut: one of the four values below. */
  cut: number;
}

const INSIDE_WORD = 0, WORD = 1, SENTENCE = 2, PARAGRAPH = 3;

/**
 * White space and what follows it, up to 48 characters or the end of a sentence in a script without spaces. Longer
 * words are hashes, encoded data or such scripts, and may be cut anywhere between two characters.
 */
const PIECE = /\s*[^\s。！？；]{0,48}[。！？；]{0,8}/uy;
const SENTENCE_END = /(?:[.!?…]["'”’)\]]*|[。！？；])$/u;
const PARAGRAPH_BREAK = /\n[^\S\n]*\n/y;
const SPACE = /\s/;
/** A cut moves back to a better place, but leaves at least this share of the budget used. */
const SHORTEST_SHARE = 0.6;
/** Words whose token count is remembered while one text is cut. */
const REMEMBERED_WORDS = 4096;

/**
 * Yields the chunks of a text in order; together they cover all of it. Work is done as chunks are taken and grows with
 * the text's length only, so a caller can pause between the chunks of a very long text.
 *
 * A chunk is over budget only where a single character is. An empty text has no chunks.
 *
 * @throws {RangeError} when budget or overlap are out of range.
 */
export function* chunkText(text: string, options: ChunkOptions): Generator<Chunk, void, void> {
  const { countTokens, budget, overlap } = options;
  if (!(budget >= 1)) throw new RangeError(`Cannot cut text into chunks of ${budget} tokens`);
  if (!(overlap >= 0 && overlap * 2 < budget)) {
    throw new RangeError(`Cannot overlap chunks of ${budget} tokens by ${overlap}`);
  }
  const source = piecesOf(text, countTokens, budget);
  /** Pieces read, from this chunk's start; the first `repeated` were in the chunk before. */
  let pieces: Piece[] = [];
  let repeated = 0;
  while (true) {
    let tokens = 0, taken = 0, atEnd = false;
    while (true) {
      if (taken === pieces.length) {
        const next = source.next();
        if (next.done) {
          atEnd = true;
          break;
        }
        pieces.push(next.value);
      }
      const piece = pieces[taken]!;
      if (tokens + piece.tokens <= budget || taken === 0) {
        tokens += piece.tokens;
        taken++;
      } else if (taken === repeated) {
        // The overlap gives way, so that every chunk has something new.
        tokens -= pieces.shift()!.tokens;
        repeated--;
        taken--;
      } else {
        break;
      }
    }
    if (taken === 0) return;
    const start = pieces[0]!.start;
    if (!atEnd) taken = bestCut(pieces, taken, repeated, tokens, budget);
    // Counting words one by one misses a little where a model's tokens depend on what is around them.
    while (taken > repeated + 1 && countTokens(text.slice(start, pieces[taken - 1]!.end)) > budget) {
      taken = Math.max(repeated + 1, taken - Math.ceil(taken / 16));
    }
    yield { start, end: pieces[taken - 1]!.end };
    if (atEnd && taken === pieces.length) return;
    const first = overlapStart(pieces, taken, repeated, overlap);
    pieces = pieces.slice(first);
    repeated = taken - first;
  }
}

/** Number of pieces up to the best cut: the last one of the best kind in the chunk's later part. */
function bestCut(pieces: Piece[], taken: number, repeated: number, tokens: number, budget: number): number {
  let best = taken, kind = -1;
  for (let count = taken; count > repeated; count--) {
    const piece = pieces[count - 1]!;
    if (piece.cut > kind) {
      best = count;
      kind = piece.cut;
    }
    tokens -= piece.tokens;
    if (tokens < budget * SHORTEST_SHARE) break;
  }
  return best;
}

/** Index of the first piece the next chunk repeats: the earliest sentence start within the overlap, else a word's. */
function overlapStart(pieces: Piece[], taken: number, repeated: number, overlap: number): number {
  let first = taken, sentence = -1, tokens = 0;
  // Never reaches this chunk's first new piece, so that every chunk begins after the one before.
  for (let index = taken - 1; index > repeated; index--) {
    tokens += pieces[index]!.tokens;
    if (tokens > overlap) break;
    const before = pieces[index - 1]!.cut;
    if (before > INSIDE_WORD || first === taken) first = index;
    if (before >= SENTENCE) sentence = index;
  }
  return sentence === -1 ? first : sentence;
}

/** Reads a text's pieces one by one; together they cover all of it. */
function* piecesOf(text: string, countTokens: (text: string) => number, budget: number): Generator<Piece, void, void> {
  const known = new Map<string, number>();
  const count = (piece: string): number => {
    const word = piece.trim();
    const remembered = known.get(word);
    if (remembered !== undefined) return remembered;
    const tokens = Math.max(1, countTokens(word));
    if (known.size < REMEMBERED_WORDS) known.set(word, tokens);
    return tokens;
  };
  for (let start = 0; start < text.length;) {
    PIECE.lastIndex = start;
    PIECE.test(text);
    let end = PIECE.lastIndex;
    let tokens = count(text.slice(start, end));
    // Characters of several tokens each: take fewer of them.
    while (tokens > budget && end - start > 2) {
      end = start + Math.ceil((end - start) / 2);
      if (splitsPair(text, end)) end++;
      tokens = count(text.slice(start, end));
    }
    yield { start, end, tokens, cut: cutAt(text, start, end) };
    start = end;
  }
}

function cutAt(text: string, start: number, end: number): number {
  PARAGRAPH_BREAK.lastIndex = end;
  if (PARAGRAPH_BREAK.test(text)) return PARAGRAPH;
  if (end < text.length && text[end] === "\n") return SENTENCE;
  // Only a word's last characters matter; a piece may begin with much white space.
  if (SENTENCE_END.test(text.slice(Math.max(start, end - 8), end))) {
    return end === text.length || SPACE.test(text[end]!) || /[。！？；]$/u.test(text.slice(end - 1, end))
      ? SENTENCE
      : INSIDE_WORD;
  }
  return end === text.length || SPACE.test(text[end]!) ? WORD : INSIDE_WORD;
}

function splitsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1), after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
