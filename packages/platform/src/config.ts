import * as z from "zod";

/**
 * The settings, or one sentence for each problem. A sentence never has a value in it, because the value may be a
 * secret.
 */
export type Parsed<T> = { ok: true; config: T } | { ok: false; problems: string[] };

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Parses the settings of a process. `schema`: an object schema whose keys are the names of environment variables. An
 * empty variable counts as unset. Returns all problems at once. Each one names its variable and the allowed values,
 * never the value itself.
 */
export function parseEnv<S extends z.ZodType>(schema: S, env: Env): Parsed<z.output<S>> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, config: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(" ")),
  };
}

/** Returns the text that a process writes to stderr before it exits with {@link EXIT_CONFIG}. */
export function describeProblems(name: string, problems: readonly string[]): string {
  return [`${name} cannot start:`, ...problems.map((problem) => `  - ${problem}`), ""].join("\n");
}

/** The exit code for wrong settings (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;

/** Makes a setting that is a whole number from `min` to `max`, both included. */
export function integer(range: { min: number; max?: number; default: number }): z.ZodType<number> {
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  const sentence = `must be a whole number from ${range.min}${range.max === undefined ? " on" : ` to ${range.max}`}`;
  return z
    .string()
    .default(String(range.default))
    .transform((text, context) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= range.min && value <= max) return value;
      context.addIssue({ code: "custom", message: sentence });
      return z.NEVER;
    });
}

/** Makes a setting that is one of `words`. */
export function choice<const T extends string>(words: readonly [T, ...T[]], fallback?: NoInfer<T>): z.ZodType<T> {
  const one = z.enum(words, { error: `must be one of: ${words.join(", ")}` });
  return fallback === undefined ? one : one.default(fallback as z.core.util.NoUndefined<T>);
}

/** Makes a setting that is a list: items separated by commas. Blanks around an item are dropped. */
export function list(fallback = ""): z.ZodType<string[]> {
  return z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    );
}

/**
 * Makes a setting that is a list of encryption keys, separated by commas. The first key encrypts, all of them decrypt.
 * If the first one is empty (`,key`), nothing is encrypted; use this in a rolling update, while some processes do not
 * have the key yet.
 */
export function dataKeys(): z.ZodType<string[]> {
  return z
    .string()
    .default("")
    .transform((text) => text.split(",").map((item) => item.trim()))
    .refine(
      ([first = "", ...others]) => others.every(isLong) && (first === "" || isLong(first)),
      "must be a comma list of keys with at least 32 bytes each (openssl rand -base64 32); the first encrypts",
    )
    .refine((keys) => keys.length <= MAX_SECRETS, TOO_MANY)
    .refine((keys) => new Set(keys).size === keys.length, "lists a key twice");
}
/**
 * How many secrets one setting may have. To replace a secret, two are enough. There must not be many, because a token
 * that fits none is checked against each.
 */
export const MAX_SECRETS = 8;
const TOO_MANY = `must have ${MAX_SECRETS} at most: remove those that nothing needs any more`;

/** Makes a setting that is a list of secrets, separated by commas. Each of them is accepted. */
export function secretList(): z.ZodType<string[]> {
  return list()
    .refine((items) => items.every(isLong), "must be a comma list of secrets that have at least 32 bytes each")
    .refine((items) => items.length <= MAX_SECRETS, TOO_MANY);
}
const isLong = (secret: string): boolean => Buffer.byteLength(secret) >= 32;

/**
 * Makes a setting that is a URL with one of `protocols` (`ws:`, `redis:` …). Its problem does not show the URL, which
 * may have a password in it.
 */
export function url(protocols: readonly string[]): z.ZodType<string> {
  const sentence = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  return z
    .string({ error: "is missing" })
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), sentence);
}

const LIST = /^(rediss?:\/\/)?[^\s,]+:\d+(\/\d*)?,/;

/**
 * Makes a setting that is the address of Redis: `redis://`, `rediss://` or `unix:/path`; for a cluster, a comma list of
 * such addresses or of `host:port`.
 */
export function redisUrl(): z.ZodType<string> {
  const isUrl = (text: string): boolean =>
    URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol) && new URL(text).hostname !== "";
  const fits = (text: string): boolean =>
    text.startsWith("unix:/") || isUrl(text) || (LIST.test(text) && seedsOf(text).every(isUrl));
  return z
    .string({ error: "is missing: where is Redis? (redis://host:6379)" })
    .refine(fits, "must begin with redis://, rediss:// or unix:/");
}

/** Returns the URLs in a comma list. A URL without a scheme gets the scheme of the first URL. */
export function seedsOf(text: string): string[] {
  const scheme = /^rediss?:\/\//.exec(text)?.[0] ?? "redis://";
  const parts = text.split(",").map((part) => part.trim());
  return parts.map((part) => (part.includes("://") ? part : `${scheme}${part}`));
}
