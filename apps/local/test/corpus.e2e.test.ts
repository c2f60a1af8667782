import { connect, RelayError, type Relay } from "@docrelay/client";
import { corpus, type CorpusFile } from "@docrelay/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";

// The limits for damaged files are lower than in production, so that the test takes less time. The files are refused
// for the same reasons.
const cluster = useCluster({ env: { EXTRACT_STALL_MS: "4000", EXTRACT_TIMEOUT_MS: "30000", ASKS_PER_SECOND: "100" } });
const files = corpus();
const OUTCOMES = {
  text: /^text$/,
  invalid: /^(PDF_INVALID|FILE_TYPE_UNSUPPORTED)$/,
  encrypted: /^PDF_ENCRYPTED$/,
  "no-text": /^PDF_NO_TEXT$/,
  bounded: /^(text|PDF_LIMIT_EXCEEDED|PDF_NO_TEXT|PDF_INVALID)$/,
  any: /^(text|PDF_INVALID|PDF_NO_TEXT|PDF_LIMIT_EXCEEDED|PDF_ENCRYPTED|FILE_TYPE_UNSUPPORTED)$/,
} satisfies Record<CorpusFile["expected"], RegExp>;

describe("every PDF of the corpus, from one edge to the engine and back on another", () => {
  let sender: Relay;
  let reader: Relay;
  beforeAll(async () => {
    // One user is connected to two edges: at the first edge the user asks, at the second edge the user reads the
    // answers.
    const session = await fetch(`${cluster.url()}/v1/session`, { method: "POST" });
    const { token } = (await session.json()) as { token: string };
    sender = connect({ url: cluster.url(0), token });
    reader = connect({ url: cluster.url(1), token });
  });
  afterAll(() => {
    sender.close();
    reader.close();
  });

  it.each(files)("$file: $expected", async ({ file, expected, bytes }) => {
    const conversation = `corpus-${files.findIndex((one) => one.file === file)}`;
    const seen = new Promise<string>((resolve) => {
      reader.conversation(conversation).subscribe({
        event(event) {
          if (event.type === "completed") resolve("text");
          if (event.type === "failed") resolve(event.error.code);
        },
      });
    });
    const answer = sender
      .conversation(conversation)
      .ask("what is inside this pdf?", { files: [{ name: "document.pdf", bytes: bytes() }] });
    const outcome = await answer.text().then(
      () => "text",
      (error: unknown) => (error instanceof RelayError ? error.code : Promise.reject(error as Error)),
    );
    expect(outcome).toMatch(OUTCOMES[expected]);
    // A file with this outcome is refused before its ask is accepted, so the outcome is in no log.
    if (outcome !== "FILE_TYPE_UNSUPPORTED") expect(await seen).toBe(outcome);
  });
});
