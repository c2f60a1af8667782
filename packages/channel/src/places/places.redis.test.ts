import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { beginEdgeLease, claimPlaces, endEdgeLease, renewEdgeLease } from "./places.ts";

const channel = useChannel();
const claim = (node: string, held: number, wanted: number): Promise<number> =>
  claimPlaces(channel.store.redis, "ann", { node, held, wanted, max: 2 });

describe("places", () => {
  it("are a user's on all edges together, those of an edge without a lease left out", async () => {
    const { redis } = channel.store;
    for (const node of ["one", "two"]) await beginEdgeLease(redis, node, 60_000);
    expect(await claim("one", 0, 2)).toBe(2);
    expect(await claim("two", 0, 1)).toBe(0);
    await endEdgeLease(redis, "one");
    expect(await claim("two", 0, 1)).toBe(1);
    expect(await claim("three", 0, 2)).toBe(1);
  });

  it("that exist already are counted above the cap, and a claim that is repeated changes nothing", async () => {
    const { redis } = channel.store;
    for (const node of ["one", "two"]) await beginEdgeLease(redis, node, 60_000);
    await claim("one", 0, 2);
    for (let times = 0; times < 3; times++) expect(await claim("two", 2, 3)).toBe(2);
    expect(await claim("one", 1, 1)).toBe(1);
    expect(await claim("one", 0, 0)).toBe(0);
    expect(await claim("two", 2, 2)).toBe(2);
  });

  it("go with a lease that has run out: it is not revived", async () => {
    const { redis } = channel.store;
    await beginEdgeLease(redis, "one", 60_000);
    expect(await renewEdgeLease(redis, "one", 60_000)).toBe(true);
    await endEdgeLease(redis, "one");
    expect(await renewEdgeLease(redis, "one", 60_000)).toBe(false);
  });
});
