/** Longest text of an engine that is kept for logs and people, in UTF-16 units. */
const MAX_SAID = 300;
/** Shorter ones would match by chance. */
const MIN_SECRET = 4;

/**
 * A text that came from outside, fit for one line of a log: without control characters and line breaks, bounded, and
 * without the secrets. Undefined when nothing is left.
 */
export function cleanText(text: string, secrets: readonly string[] = []): string | undefined {
  // The cut comes after the secrets, so that half a secret cannot stay; a bound before keeps long texts cheap.
  let clean = text.slice(0, 16 * MAX_SAID).toWellFormed();
  for (const secret of secrets) clean = clean.replaceAll(secret, "…");
  clean = clean.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  if (clean === "") return undefined;
  return clean.length > MAX_SAID ? `${clean.slice(0, MAX_SAID).toWellFormed()}…` : clean;
}

/** What must not be repeated of an engine's address and headers: the values of its query, the headers' and the key in them. */
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
  // Longest first, so that one that contains another goes whole.
  return [...new Set(values)].filter((value) => value.length >= MIN_SECRET).toSorted((a, b) => b.length - a.length);
}
