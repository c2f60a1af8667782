/** The longest text from an engine that is kept for logs and people, in UTF-16 units. */
const MAX_SAID = 300;
/** The least length of a secret: shorter texts would match by chance. */
const MIN_SECRET = 4;

/**
 * A text from outside, made fit for one line of a log: without control characters, line breaks and secrets, and cut to
 * a bounded length. Undefined when nothing is left.
 */
export function cleanText(text: string, secrets: readonly string[] = []): string | undefined {
  // The text is cut after the secrets are removed, so no half secret stays. The first, larger cut keeps long texts
  // cheap.
  let clean = text.slice(0, 16 * MAX_SAID).toWellFormed();
  for (const secret of secrets) clean = clean.replaceAll(secret, "…");
  clean = clean.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  if (clean === "") return undefined;
  return clean.length > MAX_SAID ? `${clean.slice(0, MAX_SAID).toWellFormed()}…` : clean;
}

/**
 * The secrets in an engine's URL and headers: the values of the query, the values of the headers, and the key within a
 * header.
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
  // The longest secret first: if a secret contains another one, the whole of it is removed.
  return [...new Set(values)].filter((value) => value.length >= MIN_SECRET).toSorted((a, b) => b.length - a.length);
}
