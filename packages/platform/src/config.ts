import * as z from "zod";

/** What a process was told that it cannot start with: one sentence each, secrets never in it. */
export type Parsed<T> = { ok: true; config: T } | { ok: false; problems: string[] };

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads a process's settings: an object schema whose keys are the variables' names. An empty variable counts as unset.
 * All problems come at once, each naming its variable and what is allowed, never the value.
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

/** A block for stderr, to be printed before an exit with {@link EXIT_CONFIG}. */
export function describeProblems(name: string, problems: readonly string[]): string {
  return [`${name} cannot start:`, ...problems.map((problem) => `  - ${problem}`), ""].join("\n");
}

/** Exit code of a process whose settings are wrong (sysexits' EX_CONFIG). */
export const EXIT_CONFIG = 78;

/** A whole number within bounds. */
export function integer(of: { min: number; max?: number; default: number }): z.ZodType<number> {
  const max = of.max ?? Number.MAX_SAFE_INTEGER;
  const sentence = `must be a whole number from ${of.min}${of.max === undefined ? " on" : ` to ${of.max}`}`;
  return z
    .string()
    .default(String(of.default))
    .transform((text, context) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= of.min && value <= max) return value;
      context.addIssue({ code: "custom", message: sentence });
      return z.NEVER;
    });
}

/** One of some words. */
export function choice<const T extends string>(words: readonly [T, ...T[]], fallback?: NoInfer<T>): z.ZodType<T> {
  const one = z.enum(words, { error: `must be one of: ${words.join(", ")}` });
  return fallback === undefined ? one : one.default(fallback as z.core.util.NoUndefined<T>);
}

/** A comma list, blanks around its items dropped. */
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

/** A URL with one of some protocols (`ws:`, `redis:` …). The value may hold a password and never shows in a problem. */
export function url(protocols: readonly string[]): z.ZodType<string> {
  const sentence = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  return z
    .string({ error: "is missing" })
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), sentence);
}

/** Where Redis is: `redis://`, `rediss://` or `unix:/path`. */
export function redisUrl(): z.ZodType<string> {
  const fits = (text: string): boolean =>
    text.startsWith("unix:/") || (URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol));
  return z
    .string({ error: "is missing: where is Redis? (redis://host:6379)" })
    .refine(fits, "must begin with redis://, rediss:// or unix:/");
}

/** The names of a settings schema, for a test that holds documents against it. */
export function settingNames(schema: z.ZodType): string[] {
  const inner = "shape" in schema ? schema : (schema as z.ZodPipe<z.ZodObject>).in;
  return Object.keys((inner as z.ZodObject).shape);
}
