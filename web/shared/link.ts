import { waitMs, type Backoff } from "./backoff.ts";

export type LinkState = "idle" | "connecting" | "live" | "lost";

export interface Frame {
  type: string;
}

/** What a link needs from the browser; a test hands in its own. */
export interface LinkWorld {
  open(url: string): WebSocket;
  random(): number;
  after(ms: number, run: () => void): () => void;
}

export interface LinkHandlers<F extends Frame> {
  /** The socket is open; says what must be said first. */
  opened(): void;
  frame(frame: F): void;
  /** `retryAt`: when the next try starts (milliseconds since the epoch), while the link is lost. */
  changed(state: LinkState, retryAt: number | null): void;
}

export interface LinkSettings {
  url: string;
  pingEveryMs: number;
  backoff: Backoff;
}

const PROBE_MS = 5000;

export const browserWorld: LinkWorld = {
  open: (url) => new WebSocket(url),
  random: () => Math.random(),
  after(ms, run) {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
};

/**
 * A WebSocket of JSON frames that comes back by itself.
 *
 * It is `live` once `settle()` says that the service has let us in; only that resets the back-off, so a service that
 * accepts and then closes is not hammered. A ping that finds no answer before the next one is due ends the socket.
 */
export class Link<F extends Frame> {
  #socket: WebSocket | null = null;
  #attempt = 0;
  #wanted = false;
  #heard = true;
  #cancelWait: (() => void) | null = null;
  #cancelPing: (() => void) | null = null;

  constructor(
    private readonly settings: LinkSettings,
    private readonly handlers: LinkHandlers<F>,
    private readonly world: LinkWorld = browserWorld,
  ) {}

  start(): void {
    this.#wanted = true;
    if (!this.#socket) this.#connect();
  }

  stop(): void {
    this.#wanted = false;
    this.#drop();
    this.handlers.changed("idle", null);
  }

  /**
   * The network came back, or the person looks again: a waiting link tries at once, and a socket that seems open must
   * answer soon, since one that died while the machine slept looks just the same.
   */
  hurry(): void {
    if (!this.#wanted) return;
    if (!this.#socket) this.#connect();
    else if (this.#socket.readyState === WebSocket.OPEN) this.#probe(this.#socket);
  }

  /** Ends the present socket and connects anew. */
  again(): void {
    if (!this.#wanted) return;
    this.#drop();
    this.#connect();
  }

  settle(): void {
    this.#attempt = 0;
    this.handlers.changed("live", null);
  }

  /** Whether the frame was handed to an open socket; what matters is confirmed by the service, not by this. */
  send(frame: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
    this.handlers.changed("connecting", null);
    const socket = this.world.open(this.settings.url);
    this.#socket = socket;
    this.#heard = true;
    socket.onopen = () => {
      this.#ping(socket);
      this.handlers.opened();
    };
    socket.onmessage = (event) => {
      this.#heard = true;
      const frame = parseFrame(event.data);
      if (frame) this.handlers.frame(frame as F);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
    // A connection attempt may hang for minutes on a bad network; it counts as lost when no ping round fits.
    this.#cancelPing = this.world.after(this.settings.pingEveryMs, () => {
      if (socket.readyState !== WebSocket.OPEN) this.#lost();
    });
  }

  #ping(socket: WebSocket): void {
    this.#cancelPing?.();
    this.#cancelPing = this.world.after(this.settings.pingEveryMs, () => {
      if (this.#socket !== socket) return;
      if (!this.#heard) {
        this.#lost();
        return;
      }
      this.#heard = false;
      this.send({ type: "ping" });
      this.#ping(socket);
    });
  }

  #probe(socket: WebSocket): void {
    this.#heard = false;
    this.send({ type: "ping" });
    this.#cancelPing?.();
    this.#cancelPing = this.world.after(PROBE_MS, () => {
      if (this.#socket !== socket) return;
      if (this.#heard) this.#ping(socket);
      else this.#lost();
    });
  }

  #lost(): void {
    this.#drop();
    if (!this.#wanted) return;
    const wait = waitMs(this.#attempt++, this.world.random, this.settings.backoff);
    this.#cancelWait = this.world.after(wait, () => this.#connect());
    this.handlers.changed("lost", Date.now() + wait);
  }

  #drop(): void {
    this.#cancelWait?.();
    this.#cancelPing?.();
    this.#cancelWait = this.#cancelPing = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/** A frame, or null for what is no JSON object with a type: a newer service may say more than we know. */
export function parseFrame(data: unknown): Frame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === "object" && frame !== null && typeof (frame as Frame).type === "string" ? (frame as Frame) : null;
  } catch (error) {
    console.warn("warmline: a frame that is no JSON was left out", error);
    return null;
  }
}
