import { BlockList } from "node:net";
import { describe, expect, it } from "vitest";
import { clientAddress, countedNetworkOf, networkOf } from "./client-address.ts";

const trusted = new BlockList();
trusted.addSubnet("10.0.0.0", 8, "ipv4");
trusted.addAddress("fd00::1", "ipv6");

describe("clientAddress", () => {
  it.each([
    ["the peer, when nobody forwarded", "203.0.113.9", undefined, "203.0.113.9"],
    ["the peer, when it is not trusted, whatever it says", "203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["what a trusted proxy says", "10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["what a trusted proxy of IPv6 says", "fd00::1", "2001:db8::7", "2001:db8::7"],
    ["past several trusted proxies", "10.0.0.1", "203.0.113.9, 10.0.0.3, 10.0.0.2", "203.0.113.9"],
    ["nothing that a client has put in front", "10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"],
    ["IPv4 in IPv6's clothes", "::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["the proxy, when what it says is no address", "10.0.0.1", "unknown", "10.0.0.1"],
    ["the proxy, when it says nothing", "10.0.0.1", "", "10.0.0.1"],
    ["the farthest trusted one, when all are", "10.0.0.1", "10.0.0.9", "10.0.0.9"],
    ["several headers as one", "10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"],
    ["nothing, when the peer has gone", undefined, "1.2.3.4", ""],
  ])("is %s", (_name, peer, forwarded, address) => expect(clientAddress(peer, forwarded, trusted)).toBe(address));

  it("trusts nobody by default", () => {
    expect(clientAddress("127.0.0.1", "1.2.3.4", new BlockList())).toBe("127.0.0.1");
  });

  it("looks at the last few hops of a long header only", () => {
    const header = ["1.2.3.4", ...Array.from({ length: 5000 }, () => "10.0.0.2")].join(",");
    expect(clientAddress("10.0.0.1", header, trusted)).toBe("10.0.0.2");
  });
});

it.each([
  ["10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
])("a client is counted by its network: %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it("networks that are not counted have no name: all clients may come through one proxy", () => {
  const request = { socket: { remoteAddress: "127.0.0.1" }, headers: { "x-forwarded-for": "203.0.113.9" } };
  const counted = (users: number) => countedNetworkOf({ USERS_PER_ADDRESS: users, TRUSTED_PROXIES: new BlockList() });
  expect(counted(8)(request)).toBe("127.0.0.1");
  expect(counted(0)(request)).toBeUndefined();
});
