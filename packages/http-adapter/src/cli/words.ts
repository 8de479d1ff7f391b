// Words as a shell splits them: by spaces, with "…" (in which \ escapes a character) and '…' (in which nothing does).
// No variables, no globs. util.parseArgs takes words that are split already.

/** A run of bare characters, an escaped one, or a quoted part; several side by side are one word. */
const PART = /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'|([^\s"'\\]+)/sy;

/** Null: a quote is not closed. */
export function splitWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at] ?? "")) {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
      continue;
    }
    PART.lastIndex = at;
    const part = PART.exec(text);
    if (part === null) return null;
    const [whole, escaped, double, single, bare] = part;
    word = (word ?? "") + (escaped ?? double?.replace(/\\(.)/gs, "$1") ?? single ?? bare ?? "");
    at += whole.length;
  }
  return word === null ? words : [...words, word];
}
