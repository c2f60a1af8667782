import { expect, it } from "vitest";
import { createNetworks } from "./networks.ts";

const MINUTES = 60_000;

it("a user counts for the network of the latest open connection", () => {
  const { join, of } = createNetworks();
  expect(of("u")).toBeUndefined();
  const leaveHome = join("u", "home");
  const leaveOffice = join("u", "office");
  expect(of("u")).toBe("office");
  leaveOffice();
  leaveOffice();
  expect(of("u")).toBe("home");
  leaveHome();
  expect(of("u")).toBe("home");
});

it("a user who has closed the connection still counts for its network while calls may run", () => {
  let at = 0;
  const { join, of } = createNetworks({ now: () => at });
  join("u", "home")();
  at = 5 * MINUTES;
  expect(of("u")).toBe("home");
  join("u", "office")();
  at = 12 * MINUTES;
  expect(of("u")).toBe("office");
  at = 16 * MINUTES;
  expect(of("u")).toBeUndefined();
});

it("of users who have left only the latest are known", () => {
  const { join, of } = createNetworks({ maxLeft: 2 });
  for (const user of ["a", "b", "a", "c"]) join(user, `network of ${user}`)();
  expect(["a", "b", "c"].map(of)).toEqual(["network of a", undefined, "network of c"]);
});

it("a user who comes back without a tenant no longer counts for the tenant of a closed connection", () => {
  const { join, of } = createNetworks();
  join("u", "acme")();
  expect(of("u")).toBe("acme");
  join("u", undefined)();
  expect(of("u")).toBeUndefined();
  const leave = join("u", "acme");
  join("u", undefined)();
  expect(of("u")).toBe("acme");
  leave();
});
