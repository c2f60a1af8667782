import type { TakenAsk } from "@docrelay/channel";
import { buildPrompt, type EngineAsk } from "@docrelay/engine";
import { randomBytes } from "node:crypto";
import type { Text } from "./texts.ts";

export interface PromptSettings {
  readonly promptMode: "plain" | "fenced";
  /** `client`: the `unique_id` that a client of the plain endpoint sent; `opaque`: always the conversation's address. */
  readonly uniqueId: "client" | "opaque";
}

/** The engine's prompt. The only thing in it about the user is an opaque id. */
export function promptOf(ask: TakenAsk, texts: readonly Text[], settings: PromptSettings): EngineAsk {
  const { body, address } = ask;
  const files = body.files.flatMap(({ name }, index) => {
    const text = texts[index];
    return text ? [{ name, pages: text.pages, missing: text.missing, truncated: text.truncated }] : [];
  });
  const given = settings.uniqueId === "client" && body.origin === "plain" ? body.uniqueId : undefined;
  return {
    message: buildPrompt({
      mode: settings.promptMode,
      message: body.message,
      files,
      boundary: randomBytes(8).toString("hex"),
    }),
    uniqueId: given ?? address.c,
    affinity: address.u,
  };
}
