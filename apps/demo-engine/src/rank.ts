import type { Sentence } from "./sentence.ts";

/**
 * A long computation must call this function often and await its result. If the computation has run for long enough,
 * the function returns a promise, during which other work of the process runs; otherwise it returns undefined.
 */
export type Breathe = () => Promise<void> | undefined;

const K1 = 1.2;
const B = 0.75;

/**
 * Returns at most `best` sentences: those that fit the wanted words best by BM25 (k1 1.2, b 0.75), the best one first.
 * Equally good sentences keep their order.
 *
 * Iterates over the sentences twice, to count the words and then to score the sentences, so that only `best` sentences
 * are in memory.
 */
export async function rank(
  sentences: () => Iterable<Sentence | undefined>,
  wanted: readonly string[],
  best: number,
  breathe: Breathe,
): Promise<Sentence[]> {
  const having = wanted.map(() => 0);
  let total = 0;
  let words = 0;
  for (const sentence of sentences()) {
    await breathe();
    if (!sentence) continue;
    total++;
    words += sentence.words.length;
    wanted.forEach((word, index) => {
      if (sentence.words.some((one) => fits(one, word))) having[index] = (having[index] ?? 0) + 1;
    });
  }
  const average = words / Math.max(1, total);
  const rarity = having.map((count) => Math.log(1 + (total - count + 0.5) / (count + 0.5)));

  const top: Array<{ sentence: Sentence; score: number }> = [];
  for (const sentence of sentences()) {
    await breathe();
    if (!sentence) continue;
    const score = wanted.reduce((sum, word, index) => {
      const count = sentence.words.filter((one) => fits(one, word)).length;
      const norm = count + K1 * (1 - B + (B * sentence.words.length) / average);
      return sum + ((rarity[index] ?? 0) * count * (K1 + 1)) / norm;
    }, 0);
    if (score > (top[best - 1]?.score ?? 0)) {
      const place = top.findIndex((one) => one.score < score);
      top.splice(place < 0 ? top.length : place, 0, { sentence, score });
      top.length = Math.min(top.length, best);
    }
  }
  return top.map(({ sentence }) => sentence);
}

/**
 * Whether two words fit: they are equal, or both have at least five letters, and one of them begins with all but the
 * last letter of the other.
 */
function fits(word: string, wanted: string): boolean {
  if (word === wanted) return true;
  if (word.length < 5 || wanted.length < 5) return false;
  return word.startsWith(wanted.slice(0, -1)) || wanted.startsWith(word.slice(0, -1));
}
