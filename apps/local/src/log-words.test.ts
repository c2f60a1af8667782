import { expect, it } from "vitest";
import { logWords } from "./log-words.ts";
import type { LogLine } from "./process.ts";

const detail = "connect ECONNREFUSED 127.0.0.1:7800";

it.each<[string, LogLine, string]>([
  [
    "an engine that is away",
    { msg: "waiting for the engine", cause: "refused", detail },
    `waiting for the engine (refused) ${detail}`,
  ],
  [
    "an engine that refuses",
    { msg: "attempt failed", code: "ENGINE_UNAVAILABLE", cause: "http-401", detail: "HTTP 401", said: "no key" },
    "attempt failed ENGINE_UNAVAILABLE (http-401) HTTP 401 It says: no key",
  ],
  ["an ask that has failed", { msg: "ask ended", how: "ENGINE_TIMEOUT" }, "ask ended ENGINE_TIMEOUT"],
  [
    "an advice",
    { msg: "engine streams", warning: "Set ENGINE_REPLY=stream." },
    "engine streams Set ENGINE_REPLY=stream.",
  ],
  ["an error", { msg: "bug", err: { message: "x is not a function" } }, "bug x is not a function"],
  ["nothing else", { msg: "drained", reason: "" }, "drained"],
])("tells of %s what the line has", (_, line, words) => expect(logWords({ level: "warn", ...line })).toBe(words));
