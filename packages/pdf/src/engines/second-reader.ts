import type { OpenDocument, PageEngine } from "./page-engine.ts";

/**
 * After this many ms of processor time, the second PDF engine stops reading a file: it is only asked for a few letters
 * that the first engine does not know, and these are not worth more time.
 */
const MAX_CPU_MS = 3000;

/**
 * Reads the text of a document with a second PDF engine. The engine is loaded, and opens the document, when the first
 * page is asked for.
 */
export interface SecondReader {
  /** The text of a page; undefined when this PDF engine cannot read the page or has used up its time. */
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
      // If the second PDF engine cannot be loaded, pages stay as the first engine read them.
      const engine = await load().catch(() => undefined);
      if (!engine) return undefined;
      const began = cpuMs();
      try {
        // The PDF engine takes the buffer away from its caller, so it gets a copy.
        const document = await (opening ??= engine.open(bytes.slice(), password).catch(() => undefined));
        const read = await document?.read(page);
        return read?.lines.map(({ text }) => text).join("\n");
      } catch {
        // The first PDF engine has read the page already, so an error of the second one is not reported.
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
