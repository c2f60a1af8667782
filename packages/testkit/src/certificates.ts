import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its key as PEM texts, as `node:https` takes them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The authority's own certificate. A client that has it trusts all certificates of the authority. */
  readonly cert: string;
  /**
   * Issues a certificate for host names and IPv4 addresses. `validMs`: from when to when the certificate is valid, in
   * ms since the epoch; default: for an hour.
   */
  issue(hosts: readonly string[], validMs?: { from: number; to: number }): Certificate;
}

const HOUR_MS = 3_600_000;
const OIDS = {
  commonName: [0x55, 0x04, 0x03],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
} as const;

/**
 * Makes a new certificate authority, which clients do not trust unless they get its certificate: X.509 version 3 with
 * ECDSA on P-256 (RFC 5280).
 */
export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const make = (of: Omit<Wish, "issuer">): string => certificate({ ...of, issuer: name }, own.privateKey);
  const now = Date.now();
  const isAuthority = extension("basicConstraints", true, sequence(bool(true)));
  return {
    cert: make({
      subject: name,
      key: own.publicKey,
      extensions: [isAuthority],
      from: now - HOUR_MS,
      to: now + HOUR_MS,
    }),
    issue(hosts, { from, to } = { from: Date.now() - HOUR_MS, to: Date.now() + HOUR_MS }) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const names = hosts.map((host) =>
        isIPv4(host) ? tlv(0x87, Buffer.from(host.split(".").map(Number))) : tlv(0x82, Buffer.from(host)),
      );
      const extensions = [extension("subjectAltName", false, sequence(...names))];
      const cert = make({ subject: hosts[0] ?? "", key: pair.publicKey, extensions, from, to });
      return { cert, key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
}

interface Wish {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly from: number;
  readonly to: number;
}

function certificate({ subject, issuer, key, extensions, from, to }: Wish, signer: KeyObject): string {
  const algorithm = sequence(oid("ecdsaWithSha256"));
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)]);
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, serial),
    algorithm,
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    key.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", body, signer);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.of(0), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function nameOf(common: string): Buffer {
  return sequence(tlv(0x31, sequence(oid("commonName"), tlv(0x0c, Buffer.from(common)))));
}

function extension(name: keyof typeof OIDS, isCritical: boolean, value: Buffer): Buffer {
  return sequence(oid(name), ...(isCritical ? [bool(true)] : []), tlv(0x04, value));
}

/** A time as `YYMMDDHHMMSSZ`. The format has two digits for the year, and can express years up to 2049. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return tlv(0x17, Buffer.from(digits.slice(2)));
}

function oid(name: keyof typeof OIDS): Buffer {
  return tlv(0x06, Buffer.from(OIDS[name]));
}

function bool(value: boolean): Buffer {
  return tlv(0x01, Buffer.of(value ? 0xff : 0));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

/** Encodes a DER element: tag, length, value. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  const size = value.length < 0x100 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}
