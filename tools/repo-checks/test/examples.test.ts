import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileExamples, examplesOf } from "../src/examples.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCUMENTS = ["README.md", "{packages,tools}/*/README.md", "docs/**/*.md", "*.md"];

/** The pages of `docs/` whose examples must compile. */
const GUIDES = ["docs/ai-sdk.md", "docs/react.md"];

/** Declares, for a document, the names that its examples take from the program around them. */
const CONTEXT = new Map(
  Object.entries({
    "README.md": "declare const bytes: Uint8Array;",
    "packages/channel/README.md": `import type { Redis } from "ioredis"; import type { AskBody, Roster } from "@docrelay/channel";
      declare const redis: Redis, body: AskBody, roster: Roster;
      declare const worker: string, user: string, conversation: string, id: string, digest: string, trace: string, nonce: string;`,
    "docs/ai-sdk.md": `import type { Relay } from "@docrelay/client"; import { useChat, type Chat } from "@ai-sdk/react";
      import { docrelayTransport, fileRef, toUIMessages, useDocrelayChat, type DocrelayMessage } from "@docrelay/ai-sdk";
      declare const relay: Relay, file: File, chat: Chat<DocrelayMessage>;`,
    "docs/react.md": `import type { Relay, Turn } from "@docrelay/client"; import type { ReactElement } from "react";
      import { RelayProvider, useConversation, useConversations, useRelay, useUpload } from "@docrelay/react";
      declare const relay: Relay | undefined; declare function Chat(props: { id: string }): ReactElement; declare const id: string;`,
    "packages/engine/README.md": `import type { PromptFile } from "@docrelay/engine";
      declare const files: PromptFile[], signal: AbortSignal;`,
    "packages/jobs/README.md": `import type { Redis } from "ioredis"; declare const redis: Redis, bullRedis: Redis;
      declare const shard: string, u: string, key: string, ref: string, sha256: string, trace: string;
      declare const bytes: number, log: { warn(error: unknown): void };`,
    "packages/pdf/README.md": `declare const bytes: Uint8Array, password: string, signal: AbortSignal;
      declare function show(page: number, pages: number): void; declare function use(...args: unknown[]): void;
      declare function refuse(code: string, reason?: string): void;`,
    "packages/platform/README.md": "declare function onError(error: Error): void;",
    "packages/protocol/README.md": `declare const conversation: string;
      declare const socket: { emit(event: string, payload: object, onAck: (ack: unknown) => void): void };
      declare function onOpened(ack: unknown): void;`,
  }),
);

/** Example files that belong to no project of their own, so this test compiles them. */
const FILES = ["examples/assistant-ui/docrelay-runtime.ts"];
const files = FILES.map((document) => {
  return { document, line: 1, code: readFileSync(join(ROOT, document), "utf8"), language: "ts" } as const;
});

const examples = [...new Set(globSync(DOCUMENTS, { cwd: ROOT }))]
  .map((path) => path.replaceAll("\\", "/"))
  .toSorted()
  .flatMap((path) => examplesOf(path, readFileSync(join(ROOT, path), "utf8")));

it("examples are found, with the line that they begin at", () => {
  const markdown = "# T\n\n```ts\nlet a = 1;\n```\n\n```sh\nls\n```\ntext\n```tsx\nb();\n\nc();\n```\n";
  expect(examplesOf("x.md", markdown)).toEqual([
    { document: "x.md", line: 4, code: "let a = 1;\n", language: "ts" },
    { document: "x.md", line: 12, code: "b();\n\nc();\n", language: "tsx" },
  ]);
});

describe("TypeScript examples in documents", () => {
  it("compile, and one that does not is noticed", async () => {
    const packages = globSync("packages/*/README.md", { cwd: ROOT });
    expect(new Set(examples.map(({ document }) => document))).toEqual(new Set(["README.md", ...GUIDES, ...packages]));
    const broken = {
      document: "broken.md",
      line: 7,
      code: `const n: number = "text";\nundeclared();\n`,
      language: "ts",
    } as const;
    expect(await compileExamples([...examples, ...files, broken], CONTEXT)).toEqual([
      "broken.md:7 TS2322: Type 'string' is not assignable to type 'number'.",
      "broken.md:8 TS2304: Cannot find name 'undeclared'.",
    ]);
  });
});
