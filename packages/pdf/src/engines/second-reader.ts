import type { OpenDocument, PageEngine } from "./page-engine.ts";

/** For longer a file is not looked at a second time, in ms of processor time: what it lacks then are some letters. */
const MAX_CPU_MS = 3000;

/** Another engine's view of a document. It is loaded, and opens the document, when a page is first asked for. */
export interface SecondReader {
  /** The text of a page; undefined where this engine cannot read it or has used up its time. */
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
      // Without the second engine the pages stay as the first one left them: missing.
      const engine = await load().catch(() => undefined);
      if (!engine) return undefined;
      const began = cpuMs();
      try {
        // The engine takes the bytes for itself.
        const document = await (opening ??= engine.open(bytes.slice(), password).catch(() => undefined));
        const read = await document?.read(page);
        return read?.lines.map(({ text }) => text).join("\n");
      } catch {
        // The page has been read by the first engine; this one is asked for more, and has none.
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
