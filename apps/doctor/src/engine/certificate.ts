import { isIP } from "node:net";
import { connect } from "node:tls";

export interface Certificate {
  /** The name of its authority. */
  readonly issuer: string;
  readonly validTo: string;
  /** Node's name of what is wrong with it, such as `CERT_HAS_EXPIRED`. */
  readonly problem: string | undefined;
}

/** Reads the certificate of a host, also one that is not trusted. Undefined when TLS fails otherwise, or after 5 s. */
export function readCertificate(url: URL): Promise<Certificate | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || 443);
  const { promise, resolve } = Promise.withResolvers<Certificate | undefined>();
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false, // nothing is sent
    ...(isIP(host) ? {} : { servername: host }),
    timeout: 5000,
  });
  socket.once("secureConnect", () => {
    const { issuer, valid_to: validTo } = socket.getPeerCertificate();
    const problem = socket.authorized ? undefined : codeOf(socket.authorizationError);
    const name = issuer?.O ?? issuer?.CN ?? "an unnamed authority";
    resolve({ issuer: oneLine([name].flat().join(", ")), validTo, problem });
  });
  socket.once("error", () => resolve(undefined));
  socket.once("timeout", () => resolve(undefined));
  return promise.finally(() => socket.destroy());
}

function codeOf(error: Error | string | null | undefined): string {
  return typeof error === "string" ? error : ((error as { code?: string } | undefined)?.code ?? "unknown");
}

/** A certificate holds what its maker wrote, which must not reach a terminal as it is. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, 100)
    .toWellFormed();
}
