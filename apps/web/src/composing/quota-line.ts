import type { DayUse, Relay, Usage } from "@docrelay/client";
import type { Frame } from "../frame/frame.ts";
import { size } from "../words/numbers.ts";
import { say, spokenTag } from "../words/say.ts";

/** Says how much of the day's quota is used when little of it is left. */
export interface QuotaLine {
  /** Looks after something was used. `isRefused`: that was refused, perhaps since there is a quota now. */
  used(isRefused: boolean): void;
}

const NEAR = 0.8;
const COUNTS = { asks: "quotaAsks", pages: "quotaPages", bytes: "quotaBytes", tokens: "quotaTokens" } as const;

export function createQuotaLine({ find }: Pick<Frame, "find">, relay: Pick<Relay, "usage" | "onState">): QuotaLine {
  const line = find("quota", HTMLParagraphElement);
  /** Whether there is any quota, as far as this page knows. */
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
    // If usage cannot be read, or the server has no such route, the refusal of an ask says it.
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  }
  // The first connection has found out whose page it is; after a reconnect little has changed.
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

/** The quota of which the largest part is used, in words; nothing while enough is left. */
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
