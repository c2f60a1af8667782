import { isIP } from "node:net";
import { connect } from "node:tls";

export interface Certificate {
  /** The name of the authority that issued the certificate. */
  readonly issuer: string;
  readonly validTo: string;
  /**
   * Why Node does not trust the certificate, as one of Node's error codes, such as `CERT_HAS_EXPIRED`; undefined if
   * Node trusts it.
   */
  readonly problem: string | undefined;
}

/**
 * Reads the certificate of a host, even if it is not trusted. Resolves to undefined if TLS fails for another reason, or
 * if the host has not responded after 5 s.
 */
export function readCertificate(url: URL): Promise<Certificate | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || 443);
  const { promise, resolve } = Promise.withResolvers<Certificate | undefined>();
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false, // the connection is only used to read the certificate
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

/** Removes control characters: the text of a certificate is untrusted and must not reach a terminal unchanged. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, 100)
    .toWellFormed();
}
