import { createCipheriv, createHash } from "node:crypto";
import type { Encryption } from "./pdf-objects.ts";

/*
 * The standard encryption of PDF, for files that tests open with a password: RC4 with 128 bits (revision 3) and AES
 * with 256 bits (revision 6). Keys and salts are derived from the passwords, so a file is the same each time. For tests
 * only.
 */

export interface Passwords {
  readonly user: string;
  readonly owner: string;
}

const PADDING = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");
const PERMISSIONS = -44;

const hash = (name: string, ...parts: Uint8Array[]): Buffer => createHash(name).update(Buffer.concat(parts)).digest();
const hex = (bytes: Uint8Array): string => `<${Buffer.from(bytes).toString("hex")}>`;
function permissions(): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(PERMISSIONS);
  return bytes;
}

/** RC4. It is written here because some builds of OpenSSL do not have it. */
function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (a: number, b: number): void => {
    [state[a], state[b]] = [state[b] ?? 0, state[a] ?? 0];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return Buffer.from(data).map((byte) => {
    i = (i + 1) & 255;
    j = (j + (state[i] ?? 0)) & 255;
    swap(i, j);
    return byte ^ (state[((state[i] ?? 0) + (state[j] ?? 0)) & 255] ?? 0);
  }) as Buffer;
}

/** The standard encryption of PDF in revision 3: RC4 with a key of 128 bits. */
export function encryptRc4({ user, owner }: Passwords): Encryption {
  const padded = (password: string): Buffer =>
    Buffer.concat([Buffer.from(password, "latin1"), PADDING]).subarray(0, 32);
  const often = (digest: Buffer): Buffer => {
    for (let round = 0; round < 50; round++) digest = hash("md5", digest);
    return digest;
  };
  const rounds = (key: Buffer, data: Buffer): Buffer => {
    for (let round = 0; round < 20; round++)
      data = rc4(
        key.map((byte) => byte ^ round),
        data,
      );
    return data;
  };
  const id = hash("md5", Buffer.from(`${user} ${owner}`));
  const o = rounds(often(hash("md5", padded(owner))), padded(user));
  const key = often(hash("md5", padded(user), o, permissions(), id));
  const u = Buffer.concat([rounds(key, hash("md5", PADDING, id)), Buffer.alloc(16)]);
  return {
    dictionary: `<< /Filter /Standard /V 2 /R 3 /Length 128 /P ${PERMISSIONS} /O ${hex(o)} /U ${hex(u)} >>`,
    id,
    encrypt(content, object) {
      const number = Buffer.from([object & 255, (object >> 8) & 255, object >> 16, 0, 0]);
      return rc4(hash("md5", key, number), content);
    },
  };
}

/** The standard encryption of PDF in revision 6: AES with a key of 256 bits. */
export function encryptAes({ user, owner }: Passwords): Encryption {
  const [userBytes, ownerBytes] = [Buffer.from(user), Buffer.from(owner)];
  const made = (what: string, length: number): Buffer =>
    hash("sha256", Buffer.from(`${what} ${user} ${owner}`)).subarray(0, length);
  const key = made("key", 32);
  const aes = (secret: Uint8Array, data: Uint8Array): Buffer => cbc("aes-256-cbc", secret, Buffer.alloc(16), data);

  const secured = (password: Buffer, name: string, more: Buffer): [check: Buffer, wrapped: Buffer] => {
    const [checkSalt, keySalt] = [made(`${name} check`, 8), made(`${name} key`, 8)];
    const check = Buffer.concat([hash2b(password, checkSalt, more), checkSalt, keySalt]);
    return [check, aes(hash2b(password, keySalt, more), key)];
  };
  const [u, ue] = secured(userBytes, "user", Buffer.alloc(0));
  const [o, oe] = secured(ownerBytes, "owner", u);
  const marks = Buffer.concat([permissions(), Buffer.alloc(4, 255), Buffer.from("Tadb"), made("rest", 4)]);
  // One block with an initialisation vector of zeros gives the same result as ECB mode.
  const perms = aes(key, marks);
  const filter = "/CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >> /StmF /StdCF /StrF /StdCF";
  return {
    dictionary:
      `<< /Filter /Standard /V 5 /R 6 /Length 256 /P ${PERMISSIONS} ${filter} /O ${hex(o)} /U ${hex(u)} ` +
      `/OE ${hex(oe)} /UE ${hex(ue)} /Perms ${hex(perms)} >>`,
    id: made("id", 16),
    encrypt(content, object) {
      const vector = made(`object ${object}`, 16);
      const cipher = createCipheriv("aes-256-cbc", key, vector);
      return Buffer.concat([vector, cipher.update(content), cipher.final()]);
    },
  };
}

function cbc(name: string, key: Uint8Array, vector: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv(name, key, vector).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** Algorithm 2.B of ISO 32000-2: a hash that takes much time on purpose. */
function hash2b(password: Buffer, salt: Buffer, more: Buffer): Buffer {
  let key = hash("sha256", password, salt, more);
  for (let round = 0; ; round++) {
    const once = Buffer.concat([password, key, more]);
    const data = cbc(
      "aes-128-cbc",
      key.subarray(0, 16),
      key.subarray(16, 32),
      Buffer.concat(Array.from({ length: 64 }, () => once)),
    );
    const sum = data.subarray(0, 16).reduce((total, byte) => total + byte, 0);
    key = hash(["sha256", "sha384", "sha512"][sum % 3] ?? "", data);
    if (round >= 63 && (data.at(-1) ?? 0) <= round + 1 - 32) return key.subarray(0, 32);
  }
}
