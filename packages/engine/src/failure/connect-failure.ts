import { cleanText } from "./clean-text.ts";
import { failure, type EngineError } from "./engine-error.ts";

type SystemError = Error & { code?: string; errors?: readonly SystemError[] };

const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL"]);
const EXHAUSTED = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);
const RESET = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]);
/** Matches OpenSSL's names of certificate errors, and Node's names of other TLS errors. */
const TLS =
  /^(?:ERR_(?:TLS|SSL)_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;

/**
 * Returns the EngineError for a connection that could not be opened, by the error's code. The error's own message
 * becomes the detail.
 */
export function connectFailure(error: Error, secrets: readonly string[]): EngineError {
  // If a host has several addresses, the error contains the errors of all of them; the last one is used.
  const all = error as SystemError;
  const { code, message } = all.code === undefined || all.message === "" ? (all.errors?.at(-1) ?? all) : all;
  return failure(nameOf(code), { detail: cleanText(message || (code ?? ""), secrets), cause: error });
}

function nameOf(code: string | undefined): Parameters<typeof failure>[0] {
  if (code === undefined) return "handshake";
  if (code === "ECONNREFUSED" || code === "ENOENT") return "refused";
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return "dns";
  if (code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT") return "timeout-connect";
  if (UNREACHABLE.has(code)) return "unreachable";
  if (EXHAUSTED.has(code)) return "exhausted";
  if (RESET.has(code)) return "reset";
  return TLS.test(code) ? "tls" : "handshake";
}
