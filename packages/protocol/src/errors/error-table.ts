/**
 * Every error code that a client can receive: whether the same request may be retried, the HTTP status, the WebSocket
 * close code (0 = the connection stays open), and the default message for users.
 */
export const ERRORS = {
  AUTH_REQUIRED: { retryable: false, http: 401, close: 4401, message: "Sign in first: no token was sent." },
  AUTH_INVALID: { retryable: false, http: 401, close: 4401, message: "The token is not valid. Take a new one." },
  AUTH_EXPIRED: { retryable: true, http: 401, close: 4401, message: "The token has run out. Renew it and try again." },
  FORBIDDEN: { retryable: false, http: 403, close: 4403, message: "You may not do that." },
  ORIGIN_DENIED: { retryable: false, http: 403, close: 0, message: "This site may not connect here." },
  BAD_MESSAGE: { retryable: false, http: 400, close: 4400, message: "The message does not have the expected form." },
  PAYLOAD_TOO_LARGE: { retryable: false, http: 413, close: 1009, message: "That is larger than allowed." },
  FILE_NAME_INVALID: {
    retryable: false,
    http: 422,
    close: 0,
    message: "The file name is empty, too long or has control characters.",
  },
  FILE_TYPE_UNSUPPORTED: { retryable: false, http: 415, close: 0, message: "The file is not a PDF." },
  FILE_CORRUPT: { retryable: false, http: 422, close: 0, message: "The file did not arrive whole. Send it again." },
  PDF_INVALID: { retryable: false, http: 422, close: 0, message: "The PDF is damaged and cannot be read." },
  PDF_ENCRYPTED: { retryable: false, http: 422, close: 0, message: "The PDF is protected: it needs a password." },
  PDF_NO_TEXT: {
    retryable: false,
    http: 422,
    close: 0,
    message: "The PDF has no text to read on any page; it may be a scan.",
  },
  PDF_LIMIT_EXCEEDED: {
    retryable: false,
    http: 422,
    close: 0,
    message: "The PDF takes more pages, time or memory than allowed.",
  },
  ASK_CONFLICT: {
    retryable: false,
    http: 409,
    close: 0,
    message: "This ask id was already used for another question.",
  },
  NOT_FOUND: { retryable: false, http: 404, close: 0, message: "There is no such thing here." },
  RATE_LIMITED: { retryable: true, http: 429, close: 4429, message: "Too many requests. Slow down and try again." },
  TOO_MANY_CONNECTIONS: { retryable: true, http: 429, close: 4429, message: "Too many connections are open." },
  BUSY: {
    retryable: true,
    http: 503,
    close: 0,
    message: "Too much is waiting already. Nothing was stored; try again shortly.",
  },
  QUOTA_EXCEEDED: {
    retryable: true,
    http: 429,
    close: 0,
    message: "Your share of storage is used up. Try again later.",
  },
  STORE_UNAVAILABLE: {
    retryable: true,
    http: 503,
    close: 1013,
    message: "The store does not answer. Send the same id again.",
  },
  PROMPT_TOO_LARGE: {
    retryable: false,
    http: 422,
    close: 0,
    message: "The AI engine takes less text than this. Ask about fewer or shorter files.",
  },
  ENGINE_UNAVAILABLE: {
    retryable: true,
    http: 502,
    close: 0,
    message: "The AI engine cannot be reached. Ask again later.",
  },
  ENGINE_TIMEOUT: { retryable: true, http: 504, close: 0, message: "The AI engine did not answer in time. Ask again." },
  ENGINE_BAD_REPLY: {
    retryable: true,
    http: 502,
    close: 0,
    message: "The AI engine's answer could not be used. Ask again.",
  },
  ASK_EXPIRED: { retryable: true, http: 504, close: 0, message: "The answer took too long. Ask again." },
  RESUME_LOST: {
    retryable: true,
    http: 410,
    close: 0,
    message: "That position is no longer kept. Open the conversation from the start.",
  },
  SLOW_CONSUMER: {
    retryable: true,
    http: 408,
    close: 4408,
    message: "The connection reads too slowly. Connect again to go on.",
  },
  IDLE_TIMEOUT: { retryable: true, http: 408, close: 4408, message: "The connection was silent for too long." },
  SHUTTING_DOWN: { retryable: true, http: 503, close: 1012, message: "This server is restarting. Connect again." },
  INTERNAL: { retryable: true, http: 500, close: 1011, message: "Something went wrong on our side." },
} as const satisfies Record<string, { retryable: boolean; http: number; close: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;
