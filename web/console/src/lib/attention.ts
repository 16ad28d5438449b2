import * as api from "./api.ts";

/** A tab that is open on a desk nobody sits at has seen nothing: somebody moved, touched or typed this lately. */
const PRESENT_FOR_MS = 20_000;

/** Tells the service what somebody has seen: notices that were shown, and the conversation that is open. */
class Attention {
  #movedAt = -Infinity;
  #notices = new Set<string>();
  #conversation: string | null = null;

  constructor() {
    const moved = (): void => this.#moved();
    for (const kind of ["pointermove", "pointerdown", "keydown", "touchstart"]) window.addEventListener(kind, moved, { passive: true, capture: true });
    document.addEventListener("visibilitychange", () => this.#tell());
  }

  /** A notice is on the screen. */
  shown(notice: string | null | undefined): void {
    if (notice) this.#notices.add(notice);
    this.#tell();
  }

  /** A conversation is open on the screen, and something in it may be new. */
  looksAt(conversation: string | null): void {
    this.#conversation = conversation;
    this.#tell();
  }

  get present(): boolean {
    return document.visibilityState === "visible" && performance.now() - this.#movedAt < PRESENT_FOR_MS;
  }

  #moved(): void {
    const was = this.present;
    this.#movedAt = performance.now();
    if (!was || this.#notices.size > 0) this.#tell();
  }

  #tell(): void {
    if (!this.present) return;
    for (const id of this.#notices) void quietly(`notices/${id}/seen`);
    this.#notices.clear();
    if (this.#conversation !== null) void quietly(`conversations/${encodeURIComponent(this.#conversation)}/seen`);
    this.#conversation = null;
  }
}

/** What is not told now is told with the next notice, or the next carrier tells them again: nothing to bother anybody with. */
async function quietly(path: string): Promise<void> {
  try {
    await api.post(path, {}, { again: false });
  } catch {
    return;
  }
}

export const attention = new Attention();
