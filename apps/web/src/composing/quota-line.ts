import type { DayUse, Relay, Usage } from "@docrelay/client";
import type { Frame } from "../frame/frame.ts";
import { size } from "../words/numbers.ts";
import { say, spokenTag } from "../words/say.ts";

/** A line that shows how much of the day's quota is used, once little of it is left. */
export interface QuotaLine {
  /**
   * Must be called after an ask: reads the usage again if there was a quota. `isRefused`: a quota has refused the ask,
   * so the usage is read in any case.
   */
  used(isRefused: boolean): void;
}

const NEAR = 0.8;
const COUNTS = { asks: "quotaAsks", pages: "quotaPages", bytes: "quotaBytes", tokens: "quotaTokens" } as const;

export function createQuotaLine({ find }: Pick<Frame, "find">, relay: Pick<Relay, "usage" | "onState">): QuotaLine {
  const line = find("quota", HTMLParagraphElement);
  /** Whether the last reading of the usage had any quota. */
  let isBounded = false;
  let looking: Promise<void> | undefined;
  let again = false;

  async function look(): Promise<void> {
    do {
      again = false;
      const usage = await relay.usage();
      const text = quotaInWords(usage);
      isBounded = [usage, usage.tenant, usage.address].some((use) => Object.keys(use?.limits ?? {}).length > 0);
      if (line.textContent !== text) line.textContent = text;
      line.hidden = text === "";
    } while (again);
  }
  function begin(): void {
    again = looking !== undefined;
    // Errors are ignored: usage may be unreadable or the server may have no such route, and a refused ask shows the
    // quota anyway.
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  }
  // Reads the usage after the first connection, because the server does not know the user earlier. It is not read after
  // a reconnect, because until then it has hardly changed.
  const unhear = relay.onState((state) => {
    if (state !== "online") return;
    unhear();
    begin();
  });
  return {
    used(isRefused) {
      if (isBounded || isRefused) begin();
    },
  };
}

/** Returns a sentence about the quota of which the largest part is used; empty while enough of every quota is left. */
export function quotaInWords(usage: Usage): string {
  const uses: ReadonlyArray<readonly [use: DayUse | undefined, isShared: boolean]> = [
    [usage, false],
    [usage.tenant, true],
    [usage.address, true],
  ];
  let [most, text] = [NEAR, ""];
  for (const [use, isShared] of uses) {
    for (const [count, phrase] of Object.entries(COUNTS) as Array<[keyof typeof COUNTS, (typeof COUNTS)["asks"]]>) {
      const limit = use?.limits[count];
      if (use === undefined || limit === undefined) continue;
      const used = use.used[count] ?? 0;
      const part = limit === 0 ? 1 : used / limit;
      if (part < most) continue;
      const written = (n: number): string | number => (count === "bytes" ? size(n) : n);
      most = part;
      text = say(phrase, { used: written(Math.min(used, limit)), most: written(limit) });
      if (isShared) text += ` ${say("quotaShared")}`;
    }
  }
  const time = new Date(usage.resetAt).toLocaleTimeString(spokenTag(), { hour: "2-digit", minute: "2-digit" });
  return text && `${text} ${say("quotaUntil", { time })}`;
}
