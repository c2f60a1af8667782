/**
 * For each built-in module of Node: what keeps code in the child process from reaching files, processes or the network
 * with it. A module that is not listed here cannot be loaded, for example a new module of a later version of Node.
 *
 * - `harmless`: the module reaches no file, process, host name or network.
 * - `permissions`: Node's permission model (child-process.ts) refuses what the module does.
 * - `closed`: the module's functions are replaced (sandbox.ts), or it uses a module whose functions are replaced.
 * - `off`: the module cannot be loaded. One example is `sqlite`, which opens files without asking the permission model.
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

/** The kind of a module by its name, with or without `node:`; undefined for a module that is not listed here. */
export function kindOf(name: string): Kind | undefined {
  return BUILT_INS.get(name.replace(/^node:/, ""));
}

export function mayLoad(name: string): boolean {
  const kind = kindOf(name);
  return kind !== undefined && kind !== "off";
}
