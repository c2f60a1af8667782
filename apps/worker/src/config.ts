import {
  choice,
  dataKeys,
  integer,
  list,
  LOG_LEVELS,
  parseEnvWithRedis,
  redisSettings,
  storageRules,
  storageSettings,
  tracingSettings,
  type Env,
  type LogLevel,
  type Parsed,
  type RedisServer,
} from "@docrelay/platform";
import { DEFAULT_LIMITS } from "@docrelay/protocol";
import { availableParallelism } from "node:os";
import * as z from "zod";
import { engineHeaders, engineKey, engineKindOf, engineParams, engineSystem, engineUrl } from "./engine-settings.ts";

const GIB = 1_073_741_824;
const DAY_MS = 86_400_000;
const ROLES = ["ask", "extract"] as const;
export type Role = (typeof ROLES)[number];

const ENGINES = ["auto", "pdfium", "pdf-parse"] as const;
const pdfEngine = z
  .string()
  .default("auto")
  .refine(
    (value) => (ENGINES as readonly string[]).includes(value) || isHttpUrl(value),
    `must be one of: ${ENGINES.join(", ")}, or the http:// address of another extractor`,
  )
  .transform((value) => value as (typeof ENGINES)[number] | `http${string}`);

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ["http:", "https:"].includes(new URL(value).protocol);
}

/** The languages of OCR, as Tesseract's codes. `auto`: they are chosen for each page by its writing system. */
const languages = list("eng").transform((codes, context) => {
  if (codes.length === 1 && codes[0] === "auto") return "auto" as const;
  if (
    codes.length === 0 ||
    codes.length > 8 ||
    codes.includes("auto") ||
    !codes.every((code) => /^[A-Za-z][A-Za-z_]{1,30}$/.test(code))
  ) {
    context.addIssue({
      code: "custom",
      message: "must be auto, or a comma list of Tesseract's languages, like eng,deu",
    });
  }
  return codes;
});

const roles = list("ask,extract").transform((names, context) => {
  if (names.length === 0 || !names.every((name) => (ROLES as readonly string[]).includes(name))) {
    context.addIssue({ code: "custom", message: "must be a comma list of: ask, extract" });
  }
  return new Set(names as Role[]);
});

/** Every setting of a worker. Operators rely on the names and defaults: to change one breaks their set-ups. */
export const schema = z
  .object({
    ...tracingSettings,
    ...redisSettings,
    /**
     * The longest time for one command of Redis. After that time the command's outcome is unknown, and the step is
     * retried.
     */
    WORKER_REDIS_TIMEOUT_MS: integer({ min: 100, max: 60_000, default: 2000 }),
    WORKER_ROLES: roles,
    ASK_CONCURRENCY: integer({ min: 1, max: 100_000, default: 500 }),
    /**
     * How many extractions run at the same time. By default as many as there are cores: each extraction keeps one core
     * busy.
     */
    EXTRACT_CONCURRENCY: integer({ min: 1, max: 256, default: availableParallelism() }),
    /** The engine's URL; required for the role `ask`. */
    ENGINE_URL: engineUrl,
    /** The kind of the engine: by default `websocket` for a `ws:` URL, and `chat` for an `http:` URL. */
    ENGINE_KIND: choice(["websocket", "chat", "responses"]).optional(),
    /**
     * The key that is sent to an engine behind HTTP. `ENGINE_MODEL`, `ENGINE_SYSTEM` and `ENGINE_PARAMS` are for such
     * engines, too.
     */
    ENGINE_API_KEY: engineKey,
    ENGINE_MODEL: z.string().optional(),
    ENGINE_SYSTEM: engineSystem,
    ENGINE_PARAMS: engineParams,
    ENGINE_HEADERS: engineHeaders,
    /**
     * The URL of a second engine, which is called when the first one fails. Unless `ENGINE_FALLBACK_KIND` is set, its
     * kind follows from the URL.
     */
    ENGINE_FALLBACK_URL: engineUrl,
    ENGINE_FALLBACK_KIND: choice(["websocket", "chat", "responses"]).optional(),
    ENGINE_FALLBACK_API_KEY: engineKey,
    ENGINE_FALLBACK_MODEL: z.string().optional(),
    /**
     * The most tokens of a prompt for an engine behind HTTP, as docrelay estimates them. The system text, the files and
     * the conversation so far count.
     */
    ENGINE_CONTEXT_TOKENS: integer({ min: 1000, max: 100_000_000, default: 100_000 }),
    /**
     * The form of the prompt. `plain`: the prompt of the original system. `fenced`: each file is between marks that a
     * PDF cannot imitate. By default `fenced` for engines behind HTTP, and `plain` for others.
     */
    ENGINE_PROMPT: choice(["plain", "fenced"]).optional(),
    ENGINE_REPLY: choice(["auto", "single", "stream"], "auto"),
    ENGINE_STREAM_END: choice(["close", "frame"], "close"),
    ENGINE_TEXT_FIELDS: list(""),
    /** `shown`: users see the engine's own error messages. The log has these messages in either case. */
    ENGINE_ERRORS: choice(["hidden", "shown"], "hidden"),
    ENGINE_UNIQUE_ID: choice(["client", "opaque"], "client"),
    ENGINE_CONNECTIONS: integer({ min: 1, max: 100_000, default: 500 }),
    /** The most bytes of the message that holds the prompt; 0 = no limit. */
    ENGINE_MAX_PROMPT_BYTES: integer({ min: 0, max: GIB, default: 0 }),
    /** For how many ms an engine call is repeated while the engine cannot be reached or reports that it is busy. */
    ENGINE_AWAY_MS: integer({ min: 0, max: DAY_MS, default: 30_000 }),
    ENGINE_FIRST_REPLY_TIMEOUT_MS: integer({ min: 10, max: DAY_MS, default: 60_000 }),
    ENGINE_IDLE_TIMEOUT_MS: integer({ min: 10, max: DAY_MS, default: 30_000 }),
    /** The most engine calls of one ask. A call counts even if its worker died. */
    ENGINE_ATTEMPTS: integer({ min: 1, max: 100, default: 3 }),
    MAX_REPLY_BYTES: integer({ min: 1024, max: 16_777_216, default: 1_048_576 }),
    /**
     * How many bytes of unwritten text all replies of this worker may have in memory, at two bytes for each UTF-16
     * unit. If they have more, the engine call that brings further text fails.
     */
    MAX_HELD_TEXT_BYTES: integer({ min: 65_536, max: 64 * GIB, default: 134_217_728 }),
    ASK_DEADLINE_MS: integer({ min: 1000, max: DAY_MS, default: 300_000 }),
    ...storageSettings,
    MAX_FILE_BYTES: integer({ min: 1024, max: 268_435_456, default: DEFAULT_LIMITS.fileBytes }),
    MAX_FILES_PER_ASK: integer({ min: 1, max: 10, default: DEFAULT_LIMITS.filesPerAsk }),
    MAX_PAGES: integer({ min: 1, max: 100_000, default: DEFAULT_LIMITS.pagesPerFile }),
    /** The most bytes of the extracted text of one file. */
    MAX_TEXT_BYTES: integer({ min: 1024, max: 134_217_728, default: 8_388_608 }),
    MAX_MESSAGE_CHARS: integer({ min: 1, max: 1_000_000, default: DEFAULT_LIMITS.messageChars }),
    PDF_ENGINE: pdfEngine,
    EXTRACT_FORMAT: choice(["text", "markdown"], "text"),
    ATTACHMENTS: choice(["name", "read"], "name"),
    OCR: choice(["off", "auto"], "off"),
    OCR_LANGUAGES: languages,
    OCR_FIGURES: choice(["off", "read"], "off"),
    /**
     * How long OCR may take for one page; `OCR_TIMEOUT_MS` is the bound for all pages of a file. `EXTRACT_TIMEOUT_MS`
     * does not count the time of OCR.
     */
    OCR_PAGE_TIMEOUT_MS: integer({ min: 100, max: DAY_MS, default: 30_000 }),
    OCR_TIMEOUT_MS: integer({ min: 100, max: DAY_MS, default: 180_000 }),
    EXTRACT_STALL_MS: integer({ min: 100, max: DAY_MS, default: 10_000 }),
    EXTRACT_TIMEOUT_MS: integer({ min: 100, max: DAY_MS, default: 60_000 }),
    EXTRACT_MEMORY_BYTES: integer({ min: 67_108_864, max: 64 * GIB, default: 943_718_400 }),
    /** How many bytes of files' texts are cached in memory, at two bytes for each UTF-16 unit. */
    TEXT_CACHE_BYTES: integer({ min: 1024, max: 64 * GIB, default: 33_554_432 }),
    /**
     * The most events of a conversation's log; `MAX_CONVERSATION_BYTES` is the bound of its bytes. When the log exceeds
     * one of these bounds, its oldest events are dropped, but never those of unfinished asks.
     */
    MAX_CONVERSATION_EVENTS: integer({ min: 100, max: 1_000_000, default: 5000 }),
    MAX_CONVERSATION_BYTES: integer({ min: 65_536, max: GIB, default: 8_000_000 }),
    DATA_KEY: dataKeys(),
    RETENTION_MS: integer({ min: 1000, max: 365 * DAY_MS, default: DAY_MS }),
    /**
     * How long a file's bytes are kept after its text was extracted, so that users can view the file; 0 = not at all.
     */
    KEEP_FILES_MS: integer({ min: 0, max: 365 * DAY_MS, default: 0 }),
    HOST: z.string().default("127.0.0.1"),
    /** The port of metrics and health; 0 = off. */
    ADMIN_PORT: integer({ min: 0, max: 65_535, default: 0 }),
    /** How long a stopping worker waits for running asks and extractions before it hands them back. */
    WORKER_GRACE_MS: integer({ min: 0, max: 600_000, default: 5000 }),
    LOG_LEVEL: choice<LogLevel>(LOG_LEVELS, "info"),
  })
  .check(...storageRules)
  .refine(
    ({ WORKER_ROLES, ENGINE_URL }) =>
      !(WORKER_ROLES instanceof Set && WORKER_ROLES.has("ask")) || ENGINE_URL !== undefined,
    {
      path: ["ENGINE_URL"],
      error: "is missing: where is the AI engine? (ws://host:7800 or https://host/v1)",
      when: () => true, // checked even if other settings are wrong, so that all problems are listed at once
    },
  )
  .refine(({ ENGINE_FALLBACK_URL: url, ENGINE_FALLBACK_KIND: kind }) => !url || engineKindOf(url, kind) !== undefined, {
    path: ["ENGINE_FALLBACK_KIND"],
    error: "does not fit ENGINE_FALLBACK_URL: websocket goes with ws:// or wss://, the others with http:// or https://",
  })
  .refine(({ ENGINE_URL, ENGINE_KIND }) => !ENGINE_URL || engineKindOf(ENGINE_URL, ENGINE_KIND) !== undefined, {
    path: ["ENGINE_KIND"],
    error: "does not fit ENGINE_URL: websocket goes with ws:// or wss://, chat and responses with http:// or https://",
  });
/** `path`: the environment variable PATH, in whose folders Tesseract is looked for. */
export type Config = z.output<typeof schema> & { readonly redis: RedisServer; readonly path: string };

export function readConfig(env: Env): Parsed<Config> {
  const parsed = parseEnvWithRedis(schema, env);
  return parsed.ok ? { ok: true, config: { ...parsed.config, path: env["PATH"] ?? "" } } : parsed;
}
