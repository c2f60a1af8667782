import type { OpenDocument, PageEngine } from "./page-engine.ts";

/** After this processor time, in ms, a file is not read a second time, because only some letters are missing. */
const MAX_CPU_MS = 3000;

/**
 * The text of a document as another engine reads it. The engine is loaded, and opens the document, at the first request
 * for a page.
 */
export interface SecondReader {
  /** The text of a page; undefined when this engine cannot read the page or has used up its time. */
  textOf(page: number): Promise<string | undefined>;
  close(): Promise<void>;
}

export function createSecondReader(
  load: () => Promise<PageEngine>,
  bytes: Uint8Array,
  password: string | undefined,
): SecondReader {
  let opening: Promise<OpenDocument | undefined> | undefined;
  let spent = 0;
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  return {
    async textOf(page) {
      if (spent > MAX_CPU_MS) return undefined;
      // Without the second engine, pages stay as the first engine read them.
      const engine = await load().catch(() => undefined);
      if (!engine) return undefined;
      const began = cpuMs();
      try {
        // The engine takes ownership of the bytes, so it gets a copy.
        const document = await (opening ??= engine.open(bytes.slice(), password).catch(() => undefined));
        const read = await document?.read(page);
        return read?.lines.map(({ text }) => text).join("\n");
      } catch {
        // The first engine has read the page already, so an error of this one is not reported.
        return undefined;
      } finally {
        spent += cpuMs() - began;
      }
    },
    async close() {
      await (await opening)?.close();
    },
  };
}
