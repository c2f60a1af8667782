import { nowMs } from "../measure/clock.ts";
import { takeTokens } from "../runs/session.ts";
import { sendFile } from "../side/file-sender.ts";
import { heavyPdf } from "../side/pdf-file.ts";
import { runSideLoad } from "../side/side-load.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";
import { costsOf } from "./costs.ts";
import { readWithPypdf2 } from "./pypdf2.ts";
import type { RoundFigures } from "./ratios.ts";
import type { System } from "./systems.ts";

const UPLOAD_BYTES = 2_000_000;
const UPLOADS = 3;
const PAGES = 30;
const USERS = 4;
const CONNECT_MS = 15_000;

/** Sends files one after another over one connection, and measures the mean time for a file. */
export async function measureUpload(system: System, follow: (show: () => string) => void): Promise<RoundFigures> {
  const [token = ""] = await takeTokens({ urls: system.urls, users: 1 });
  const [url = ""] = system.urls;
  const socket = await openRelaySocket({
    url,
    token,
    timeoutMs: CONNECT_MS,
    onEvent: () => undefined,
    onEnd: () => undefined,
  });
  try {
    let [sent, took] = [0, 0];
    follow(() => `${sent} files`);
    for (; sent < UPLOADS; sent++) {
      const file = heavyPdf(UPLOAD_BYTES);
      const begun = nowMs();
      await sendFile(socket, "bench.pdf", file, () => undefined);
      took += nowMs() - begun;
    }
    return { "2 MB (s)": took / UPLOADS / 1000 };
  } finally {
    socket.close();
  }
}

/**
 * Measures pages per second, from the first byte sent to the reply received, and the cost of a page over all processes.
 * For comparison, PyPDF2 extracts the same kind of files in one process.
 */
export async function measurePdfs(
  system: System,
  of: { durationMs: number; warmupMs: number },
  follow: (show: () => string) => void,
): Promise<RoundFigures> {
  if (system.kind === "reader") return readWithPypdf2({ pages: PAGES, durationMs: of.durationMs });
  const tokens = await takeTokens({ urls: system.urls, users: USERS });
  const pass = (durationMs: number): ReturnType<typeof runSideLoad> => {
    const order = {
      kind: "pdfs",
      atOnce: USERS,
      count: Infinity,
      bytes: 0,
      pages: PAGES,
      typeset: true,
      message: "?",
    } as const;
    return runSideLoad({ ...order, urls: system.urls, tokens, durationMs }, (files) => follow(() => `${files} PDFs`));
  };
  await pass(of.warmupMs);
  const { asked, costs } = await costsOf(system, async () => {
    const asked = await pass(of.durationMs);
    return { count: asked.files * PAGES, asked };
  });
  const failed = Object.values(asked.errors).reduce((sum, count) => sum + count, 0);
  const cpu = Object.entries(costs).filter(([name]) => name.startsWith("CPU"));
  return {
    "pages/s": (asked.files * PAGES * 1000) / asked.tookMs,
    failed,
    ...Object.fromEntries(cpu.map(([name, value]) => [`${name} (ms a page)`, value / 1000])),
    "Redis scripts a file": (costs["scripts"] ?? 0) * PAGES,
    "Redis commands a file": (costs["commands"] ?? 0) * PAGES,
  };
}
