import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { park, take } from "../index.ts";

const channel = useChannel();

describe("waited", () => {
  it("is true only of an ask that was parked", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(ask.waited).toBe(false);
    await park(channel.store, ask, owner);
    const again = await take(channel.store, channel.at, "next");
    expect(again).toMatchObject({ kind: "taken", ask: { id: "one", waited: true } });
  });
});
