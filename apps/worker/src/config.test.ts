import { settingNames } from "@docrelay/platform/setting-names";
import { spawnNode } from "@docrelay/testkit";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig, schema, type Config } from "./config.ts";
import { engineKindOf } from "./engine-settings.ts";

const NEEDED = { REDIS_URL: "redis://127.0.0.1:6379", ENGINE_URL: "ws://127.0.0.1:7800" };

function read(env: Record<string, string>): Config {
  const parsed = readConfig(env);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config;
}
function problems(env: Record<string, string>): string[] {
  const parsed = readConfig(env);
  return parsed.ok ? [] : parsed.problems;
}

describe("settings", () => {
  it("have the contract's defaults", () => {
    const config = read(NEEDED);
    expect(config).toMatchObject({
      ENGINE_REPLY: "auto",
      ENGINE_UNIQUE_ID: "client",
      ENGINE_CONNECTIONS: 500,
      ENGINE_FIRST_REPLY_TIMEOUT_MS: 60_000,
      ENGINE_IDLE_TIMEOUT_MS: 30_000,
      ENGINE_ATTEMPTS: 3,
      MAX_REPLY_BYTES: 1_048_576,
      MAX_HELD_TEXT_BYTES: 134_217_728,
      TEXT_CACHE_BYTES: 33_554_432,
      MAX_CONVERSATION_EVENTS: 5000,
      MAX_CONVERSATION_BYTES: 8_000_000,
      WORKER_REDIS_TIMEOUT_MS: 2000,
      ASK_DEADLINE_MS: 300_000,
      ASK_CONCURRENCY: 500,
      BLOB_STORE: "redis",
      MAX_FILE_BYTES: 26_214_400,
      MAX_FILES_PER_ASK: 8,
      MAX_PAGES: 2000,
      MAX_TEXT_BYTES: 8_388_608,
      PDF_ENGINE: "auto",
      EXTRACT_FORMAT: "text",
      OCR: "off",
      ATTACHMENTS: "name",
      OCR_LANGUAGES: ["eng"],
      OCR_FIGURES: "off",
      OCR_PAGE_TIMEOUT_MS: 30_000,
      OCR_TIMEOUT_MS: 180_000,
      EXTRACT_STALL_MS: 10_000,
      EXTRACT_TIMEOUT_MS: 60_000,
      EXTRACT_MEMORY_BYTES: 943_718_400,
      RETENTION_MS: 86_400_000,
      KEEP_FILES_MS: 0,
      ADMIN_PORT: 0,
      LOG_LEVEL: "info",
    });
    expect([...config.WORKER_ROLES]).toEqual(["ask", "extract"]);
    expect(config.EXTRACT_CONCURRENCY).toBeGreaterThan(0);
  });

  it("need an engine for the role ask only", () => {
    const { REDIS_URL } = NEEDED;
    expect(problems({ REDIS_URL })).toEqual([
      "ENGINE_URL is missing: where is the AI engine? (ws://host:7800 or https://host/v1)",
    ]);
    expect(problems({ REDIS_URL, WORKER_ROLES: "extract" })).toEqual([]);
    expect([...read({ ...NEEDED, WORKER_ROLES: "ask" }).WORKER_ROLES]).toEqual(["ask"]);
  });

  it("report all problems at once, by name and without their values", () => {
    const all = problems({ REDIS_URL: "http://user:hunter2@host", WORKER_ROLES: "cook", ASK_CONCURRENCY: "0" });
    expect(all.map((problem) => problem.split(" ")[0]).sort()).toEqual([
      "ASK_CONCURRENCY",
      "REDIS_URL",
      "WORKER_ROLES",
    ]);
    expect(
      problems({})
        .map((problem) => problem.split(" ")[0])
        .sort(),
    ).toEqual(["ENGINE_URL", "REDIS_URL"]);
    expect(all.join()).not.toContain("hunter2");
  });

  it("accept an engine's name or the address of another extractor", () => {
    for (const engine of ["pdfium", "pdf-parse", "http://tika:9998/tika", "https://extract.example/"])
      expect(read({ ...NEEDED, PDF_ENGINE: engine }).PDF_ENGINE).toBe(engine);
    for (const engine of ["pdftotext", "ftp://host/", "file:///etc/passwd"])
      expect(problems({ ...NEEDED, PDF_ENGINE: engine })).toEqual([
        expect.stringMatching(/^PDF_ENGINE must be one of/),
      ]);
  });

  it("choose an engine's kind by the address, unless it is set to one that fits", () => {
    const kindOf = (ENGINE_URL: string, ENGINE_KIND?: "chat" | "responses" | "websocket") =>
      engineKindOf(ENGINE_URL, ENGINE_KIND);
    expect(kindOf("wss://host")).toBe("websocket");
    expect(kindOf("https://host/v1")).toBe("chat");
    expect(kindOf("http://host/v1", "responses")).toBe("responses");
    for (const [ENGINE_URL, ENGINE_KIND] of [
      ["ws://host", "chat"],
      ["http://host", "websocket"],
    ] as const)
      expect(problems({ ...NEEDED, ENGINE_URL, ENGINE_KIND })).toEqual([
        expect.stringMatching(/^ENGINE_KIND does not/),
      ]);
  });

  it("read an engine's system text, fields and headers, and refuse what cannot be sent", async () => {
    const folder = await mkdtemp(join(tmpdir(), "docrelay-system-"));
    await writeFile(join(folder, "system.txt"), "Be brief.");
    for (const ENGINE_SYSTEM of ["Be brief.", `file:${folder}/system.txt`, `${folder}/system.txt`])
      expect(read({ ...NEEDED, ENGINE_SYSTEM }).ENGINE_SYSTEM).toBe("Be brief.");
    expect(read({ ...NEEDED, ENGINE_PARAMS: '{"temperature":0}' }).ENGINE_PARAMS).toEqual({ temperature: 0 });
    expect(read({ ...NEEDED, ENGINE_HEADERS: '{"X-Key":"v"}' }).ENGINE_HEADERS).toEqual({ "X-Key": "v" });
    expect(read({ ...NEEDED, ENGINE_API_KEY: "sk-1\n" }).ENGINE_API_KEY).toBe("sk-1");
    for (const [name, value] of [
      ["ENGINE_SYSTEM", `file:${folder}/hunter2`],
      ["ENGINE_PARAMS", "hunter2"],
      ["ENGINE_PARAMS", '["hunter2"]'],
      ["ENGINE_PARAMS", '{"stream":"hunter2"}'],
      ["ENGINE_HEADERS", '{"x":{"hunter2":1}}'],
      ["ENGINE_HEADERS", '{"x y":"hunter2"}'],
      ["ENGINE_API_KEY", "hunter2\nY: 1"],
      ["ENGINE_FALLBACK_API_KEY", "hunter2 é"],
      ["ENGINE_HEADERS", '{"x":"hunter2\\r\\nY: 1"}'],
    ] as const) {
      const all = problems({ ...NEEDED, [name]: value });
      expect(all).toEqual([expect.stringMatching(new RegExp(`^${name} must`))]);
      expect(all.join()).not.toContain("hunter2");
    }
    await rm(folder, { recursive: true });
  });

  it("accept Tesseract's language codes only", () => {
    expect(read({ ...NEEDED, OCR: "auto", OCR_LANGUAGES: "deu, chi_sim" }).OCR_LANGUAGES).toEqual(["deu", "chi_sim"]);
    expect(read({ ...NEEDED, OCR_LANGUAGES: "auto" }).OCR_LANGUAGES).toBe("auto");
    for (const languages of ["../eng", "e", ",", "a+b"])
      expect(problems({ ...NEEDED, OCR_LANGUAGES: languages })).toEqual([expect.stringMatching(/^OCR_LANGUAGES must/)]);
  });

  it("are named as the contract names them", () => {
    expect(settingNames(schema)).toContain("ENGINE_FIRST_REPLY_TIMEOUT_MS");
    expect(settingNames(schema).every((name) => /^[A-Z][A-Z\d_]+$/.test(name))).toBe(true);
  });
});

it("a worker refuses a blob folder that holds other files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "docrelay-foreign-"));
  await writeFile(join(folder, "letter.txt"), "");
  const env = { ...NEEDED, BLOB_STORE: `file:${folder}` };
  await using worker = spawnNode(join(import.meta.dirname, "main.ts"), { env });
  expect(await worker.exited).toEqual({ code: 78, signal: null });
  expect(worker.lines.join("\n")).toMatch(/^the worker cannot start:\n {2}- BLOB_STORE: .* is not empty .*letter\.txt/);
  expect(await readdir(folder)).toEqual(["letter.txt"]);
  await rm(folder, { recursive: true });
});
