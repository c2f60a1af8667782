import type { Server as EngineServer } from "engine.io";
import type { Duplex } from "node:stream";

/**
 * Passes WebSocket handshakes to the library (engine.io), and removes one listener that the library adds to the network
 * socket. The listener emits `close` on a response object for middlewares, of which there are none; as long as the
 * connection lasts, the listener keeps that object and the request in memory, an eighth of the memory of an idle
 * connection. The listener is found as the only `once` listener of `close` that the library has added; if a newer
 * version adds none or several, nothing is removed. Source: `WebSocketResponse` in engine.io's `server.ts`.
 */
export function upgradeTo(engine: EngineServer): EngineServer["handleUpgrade"] {
  return (request, socket, head) => {
    const before = new Set(onceClosed(socket));
    engine.handleUpgrade(request, socket, head);
    const [added, ...others] = onceClosed(socket).filter((listener) => !before.has(listener));
    if (added && others.length === 0) socket.removeListener("close", added);
  };
}

type Listener = () => void;

/** Returns the `once` listeners of `close`: Node wraps each in a function that has the listener as a property. */
function onceClosed(socket: Duplex): Listener[] {
  return (socket.rawListeners("close") as Listener[]).filter((listener) => "listener" in listener);
}
