/** How many UTF-16 units of an engine's text are kept for logs and people. */
const MAX_SAID = 300;
/** A secret with fewer characters than this is not removed: it would match other text by chance. */
const MIN_SECRET = 4;

/**
 * Makes a text from outside fit for one line of a log: removes control characters, line breaks and secrets, and cuts
 * it. Returns undefined when nothing is left.
 */
export function cleanText(text: string, secrets: readonly string[] = []): string | undefined {
  // The text is cut to its final length after the secrets are removed, so that no part of a secret stays. This first
  // cut, at a larger length, bounds the work.
  let clean = text.slice(0, 16 * MAX_SAID).toWellFormed();
  for (const secret of secrets) clean = clean.replaceAll(secret, "…");
  clean = clean.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  if (clean === "") return undefined;
  return clean.length > MAX_SAID ? `${clean.slice(0, MAX_SAID).toWellFormed()}…` : clean;
}

/**
 * Returns the secrets in an engine's URL and headers: the values of the URL's query, the values of the headers, and
 * each word of these values.
 */
export function secretsOf(url: string, headers: Readonly<Record<string, string>> = {}): string[] {
  const { searchParams, search } = new URL(url);
  const raw = search
    .slice(1)
    .split("&")
    .map((pair) => pair.slice(pair.indexOf("=") + 1));
  const values = [
    ...searchParams.values(),
    ...raw,
    ...Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]),
  ];
  // The longest secret comes first: if one secret contains another, the whole of it is removed.
  return [...new Set(values)].filter((value) => value.length >= MIN_SECRET).toSorted((a, b) => b.length - a.length);
}
