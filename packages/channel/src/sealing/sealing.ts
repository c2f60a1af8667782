import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { ChannelError } from "../channel-error.ts";
import { createDataKeys, type DataKeys, KEY_ID_BYTES } from "./data-keys.ts";

/**
 * Encryption of stored data: AES-256-GCM with the first key of `DATA_KEY`. Each key of `DATA_KEY` decrypts. `place`
 * states where the data are stored (kind and key). Unsealing refuses sealed data that were copied to another place.
 *
 * Data that were stored without a key are returned unchanged, so encryption may be switched on at any time. Each method
 * that unseals throws ChannelError `key` for a key that is not in `DATA_KEY`, and `wrong-answer` for changed data.
 */
export interface Sealing {
  seal(place: string, bytes: Uint8Array): Buffer;
  unseal(place: string, bytes: Uint8Array): Buffer;
  /** Encrypts a text as `seal` does bytes. The result has no line breaks. */
  sealText(place: string, text: string): string;
  /**
   * Encrypts a text as `sealText` does, but the same text in the same place always gives the same result, so a script
   * can recognise the text.
   */
  sealSameText(place: string, text: string): string;
  unsealText(place: string, text: string): string;
  /** Whether new data are encrypted. */
  readonly isOn: boolean;
  /**
   * Whether a text is stored as `sealText` would store it now: encrypted with the first key, or not at all if
   * encryption is off.
   */
  isCurrent(text: string): boolean;
}

/*
 * The layout of encrypted data: magic, version 1, the key's id, the salt of the sub-key, a counter, the encrypted
 * bytes, the tag. The nonce of AES-GCM is the counter. Each process has a sub-key of its own (a random salt) and counts
 * up, so no nonce is used twice with a sub-key; random nonces would be safe for only 2^32 encryptions. Version 0:
 * unencrypted bytes that happen to begin with the magic; they follow unchanged.
 */
const MAGIC = Buffer.from([0x89, 0x44, 0x52, 0x53, 0x45, 0x41, 0x4c, 0x0a]);
const TEXT_MAGIC = "docrelay:sealed:";
const [ESCAPED, SEALED] = [0, 1];
const SALT_BYTES = 16;
const COUNTER_BYTES = 8;
const TAG_BYTES = 16;
const SALT_AT = 1 + KEY_ID_BYTES;
const COUNTER_AT = SALT_AT + SALT_BYTES;
const HEAD_BYTES = COUNTER_AT + COUNTER_BYTES;
/** How many bytes `seal` adds to data when it encrypts them. */
export const SEALED_MORE_BYTES = MAGIC.length + HEAD_BYTES + TAG_BYTES;

/**
 * Creates the encryption of stored data. `secrets`: the items of `DATA_KEY`. The first one encrypts, and each of them
 * decrypts. If there are none, nothing is encrypted.
 */
export function createSealing(secrets: readonly string[] = []): Sealing {
  const keys = createDataKeys(secrets);
  const current = keys.current;
  const ownSalt = randomBytes(SALT_BYTES);
  let counter = 0n;

  /** Encrypts bytes into the layout described at MAGIC, without the magic itself. */
  function encrypt(place: string, bytes: Uint8Array, salt: Buffer, count: bigint): Buffer {
    if (!current) throw new ChannelError("key", NO_KEY);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = SEALED;
    current.id.copy(head, 1);
    salt.copy(head, SALT_AT);
    head.writeBigUInt64BE(count, COUNTER_AT);
    const cipher = createCipheriv("aes-256-gcm", current.subKey(salt), nonceOf(head));
    cipher.setAAD(Buffer.from(place));
    return Buffer.concat([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }

  const asText = (place: string, text: string, salt: Buffer, count: bigint): string =>
    TEXT_MAGIC + encrypt(place, Buffer.from(text), salt, count).toString("base64url");

  return {
    isOn: current !== undefined,
    seal(place, bytes) {
      if (current) return Buffer.concat([MAGIC, encrypt(place, bytes, ownSalt, counter++)]);
      const plain = asBuffer(bytes);
      return startsWithMagic(plain) ? Buffer.concat([MAGIC, Buffer.from([ESCAPED]), plain]) : plain;
    },
    unseal(place, bytes) {
      const stored = asBuffer(bytes);
      return startsWithMagic(stored) ? decrypt(keys, place, stored.subarray(MAGIC.length)) : stored;
    },
    sealText: (place, text) => (current ? asText(place, text, ownSalt, counter++) : asItIs(text)),
    sealSameText(place, text) {
      if (!current) return asItIs(text);
      // The sub-key is used for this text alone, so a constant nonce is safe.
      const salt = createHmac("sha256", current.sameSecret)
        .update(JSON.stringify([place, text]))
        .digest();
      return asText(place, text, salt.subarray(0, SALT_BYTES), 0n);
    },
    unsealText(place, text) {
      if (!text.startsWith(TEXT_MAGIC)) return text;
      return decrypt(keys, place, Buffer.from(text.slice(TEXT_MAGIC.length), "base64url")).toString();
    },
    isCurrent(text) {
      if (!current || !text.startsWith(TEXT_MAGIC)) return !current && !text.startsWith(TEXT_MAGIC);
      const head = Buffer.from(text.slice(TEXT_MAGIC.length, TEXT_MAGIC.length + 2 * HEAD_BYTES), "base64url");
      return head[0] === SEALED && current.id.equals(head.subarray(1, SALT_AT));
    },
  };
}

function decrypt(keys: DataKeys, place: string, sealed: Buffer): Buffer {
  if (sealed[0] === ESCAPED) return sealed.subarray(1);
  if (sealed[0] !== SEALED || sealed.length < HEAD_BYTES + TAG_BYTES) throw new ChannelError("wrong-answer", CHANGED);
  const key = keys.find(sealed.subarray(1, SALT_AT));
  if (!key) throw new ChannelError("key", NO_KEY);
  const cipher = createDecipheriv("aes-256-gcm", key.subKey(sealed.subarray(SALT_AT, COUNTER_AT)), nonceOf(sealed), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(Buffer.from(place));
  cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([cipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES)), cipher.final()]);
  } catch (cause) {
    throw new ChannelError("wrong-answer", CHANGED, { cause });
  }
}

/**
 * Returns the form in which a text is stored without encryption: escaped if it begins like an encrypted text, otherwise
 * unchanged.
 */
function asItIs(text: string): string {
  return text.startsWith(TEXT_MAGIC)
    ? TEXT_MAGIC + Buffer.concat([Buffer.from([ESCAPED]), Buffer.from(text)]).toString("base64url")
    : text;
}

const NO_KEY = "stored data are encrypted with a key that DATA_KEY does not have: list that key too";
const CHANGED = "stored data were changed, or belong to another place";

const nonceOf = (head: Buffer): Buffer => Buffer.concat([Buffer.alloc(4), head.subarray(COUNTER_AT, HEAD_BYTES)]);
const startsWithMagic = (bytes: Buffer): boolean =>
  bytes.length >= MAGIC.length && bytes.subarray(0, MAGIC.length).equals(MAGIC);
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
