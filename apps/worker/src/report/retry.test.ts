import { ChannelError } from "@docrelay/channel";
import { describe, expect, it } from "vitest";
import { retry, sleep } from "./retry.ts";

const AWAY = new ChannelError("io", "the disk does not answer");

describe("a step that is retried", () => {
  it("is sent until the store answers it", async () => {
    let tries = 0;
    const step = async (): Promise<string> => {
      if (++tries < 3) throw AWAY;
      return "stored";
    };
    expect(await retry(step, { forMs: 10_000 })).toBe("stored");
    expect(tries).toBe(3);
  });

  it("rejects with the store's last error when the time is over", async () => {
    await expect(retry(() => Promise.reject(AWAY), { forMs: 0 })).rejects.toBe(AWAY);
  });

  it("is not sent again after an error that is not the store's", async () => {
    let tries = 0;
    const step = async (): Promise<void> => {
      tries++;
      throw new TypeError("a bug");
    };
    await expect(retry(step, { forMs: 10_000 })).rejects.toThrow("a bug");
    expect(tries).toBe(1);
  });

  it("is sent once more when the process stops during the pause, and then rejects", async () => {
    const stopping = new AbortController();
    let tries = 0;
    const step = async (): Promise<void> => {
      if (++tries === 1) setImmediate(() => stopping.abort());
      throw AWAY;
    };
    await expect(retry(step, { forMs: 1e9, signal: stopping.signal })).rejects.toBe(AWAY);
    expect(tries).toBe(2);
  });
});

describe("a sleep", () => {
  it("resolves, and does not reject, when its signal is aborted during it or was before", async () => {
    const stopping = new AbortController();
    const sleeping = sleep(1e9, stopping.signal);
    stopping.abort(new Error("the worker stops"));
    expect(await sleeping).toBeUndefined();
    expect(await sleep(1e9, stopping.signal)).toBeUndefined();
    expect(await sleep(1)).toBeUndefined();
  });
});
