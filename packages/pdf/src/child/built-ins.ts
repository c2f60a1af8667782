/**
 * What keeps each built-in module of Node from reaching beyond the child. A module that is not here cannot be loaded, so that
 * one of a newer Node is closed until it is added to a list here.
 *
 * - `harmless`: it reaches no file, process, name or network.
 * - `permissions`: Node's permission model refuses what it does (child-process.ts).
 * - `closed`: its functions are replaced (sandbox.ts), or it works through one whose functions are.
 * - `off`: it cannot be loaded. The permission model does not know `sqlite`, which opens files.
 */
const KINDS = {
  harmless:
    "assert assert/strict async_hooks buffer console constants crypto diagnostics_channel domain events module path " +
    "path/posix path/win32 perf_hooks punycode querystring readline readline/promises stream stream/consumers " +
    "stream/promises stream/web string_decoder sys timers timers/promises tty url util util/types vm zlib _stream_duplex " +
    "_stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable",
  permissions: "child_process fs fs/promises worker_threads",
  closed:
    "dgram dns dns/promises http http2 https net os process tls v8 _http_agent _http_client _http_common _http_incoming " +
    "_http_outgoing _http_server _tls_common _tls_wrap",
  off: "cluster inspector inspector/promises repl sea sqlite test test/reporters trace_events wasi",
} as const;

type Kind = keyof typeof KINDS;

const BUILT_INS: ReadonlyMap<string, Kind> = new Map(
  Object.entries(KINDS).flatMap(([kind, names]) => names.split(" ").map((name) => [name, kind as Kind] as const)),
);

/** `name` with or without `node:`; undefined for a module that is in no list here. */
export function kindOf(name: string): Kind | undefined {
  return BUILT_INS.get(name.replace(/^node:/, ""));
}

export function mayLoad(name: string): boolean {
  const kind = kindOf(name);
  return kind !== undefined && kind !== "off";
}
