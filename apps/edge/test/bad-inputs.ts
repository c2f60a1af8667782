/**
 * Describes each bad input, by its id. The tests in `hostile-socket.ts` and `hostile-wire.ts` send these inputs to an
 * edge.
 */
export const BAD_INPUTS: Readonly<Record<string, string>> = {
  S01: "an origin that is not allowed",
  S02: "no token and no origin",
  S03: "an opaque origin, and one that only ends like an allowed one; an allowed one in other letters passes",
  S05: "a token whose signature was cut off",
  S06: "a token signed with the right secret by another algorithm, or with another secret",
  S07: "a token without an end, for or from others, or not valid yet",
  S09: "a token a byte over its limit, and one a byte over the limit of a frame",
  S10: "a token in the query",
  S11: "a token that ends while its connection goes on",
  S13: "a namespace that is not there",
  S14: "a connection that never joins",
  S15: "a client that answers no ping",
  S17: "events that only the library itself may emit",
  S18: "event names that are a number, unknown, or one that every object inherits",
  S19: "an event before the connection has joined",
  S21: "a binary event that announces no bytes",
  S22: "bytes that nothing announced",
  S23: "a frame a byte over the limit",
  S25: "an ask with a field that nobody knows, at two depths",
  S26: "a message that is empty, blank, too long, or no text",
  S27: "a message that is no string, none at all, and arguments too many",
  S29: "something else where the acknowledgement belongs",
  S30: "an id that is missing, too long, or of other characters",
  S31: "one ask five times at once over two edges",
  S33: "another user's conversation and ask",
  S34: "a field of the plain endpoint that names another user",
  S35: "rooms that a client asks for by itself",
  S37: "a position that the log does not have",
  S38: "another user's position",
  S39: "two hundred asks at once",
  S41: "one connection more than a user may have",
  S42: "a client that reads nothing while much is published",
  S43: "a client that connects again and again",
  H01: "an upload over HTTP, with a length and without",
  H03: "two hundred connections that never end their headers",
  H04: "headers that are too long, too many, or none",
  H05: "four requests of the polling transport, which is off",
  H07: "paths that lead out of what is served",
  H08: "paths of other ports and other software",
  H09: "a preflight from an origin that is not allowed",
  H11: "conversations, asks and uploads by HTTP",
  H12: "a form of many parts",
  F01: "file names of several lines",
  F04: "a type that says something else than the bytes",
  F05: "text where bytes belong",
  F07: "a file that ends before it has begun",
  F20: "fifty users who announce more bytes than there is room for",
};

/**
 * The ids of the bad inputs of the plain endpoint. The tests in `src/plain` and `silent-connections.e2e.test.ts` send
 * them to an edge.
 */
export const PLAIN_INPUTS: readonly string[] =
  "W01 W02 W03 W05 W06 W07 W09 W10 W11 W13 W14 W15 W17 W18 W19 W21 W22".split(" ");
