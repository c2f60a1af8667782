/**
 * Node's built-in modules by what keeps code in the child process from reaching files, processes or the network with
 * them.
 *
 * - `harmless`: nothing, because these modules reach no file, process, host name or network.
 * - `permissions`: Node's permission model, which child-process.ts turns on, refuses what these modules do.
 * - `closed`: sandbox.ts replaces functions of these modules, or of modules that these modules use.
 * - `off`: these modules cannot be loaded. For example, `sqlite` opens files without asking the permission model.
 *
 * A module that is not listed cannot be loaded either, such as a module of a later version of Node.
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

/** The kind of a built-in module, whose name may begin with `node:`; undefined for a module that is not listed. */
export function kindOf(name: string): Kind | undefined {
  return BUILT_INS.get(name.replace(/^node:/, ""));
}

export function mayLoad(name: string): boolean {
  const kind = kindOf(name);
  return kind !== undefined && kind !== "off";
}
