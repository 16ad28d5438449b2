import { hashOf, parseRoute, type Route } from "./route.ts";
import type { View } from "./types.ts";

/** Where the desk is. It lives in the address, so the browser's own back button works. */
class Router {
  route = $state.raw<Route>(parseRoute(location.hash));

  constructor() {
    window.addEventListener("hashchange", () => (this.route = parseRoute(location.hash)));
  }

  get id(): string | null {
    return this.route.page === "desk" ? this.route.id : null;
  }

  get seq(): number | null {
    return this.route.page === "desk" ? (this.route.seq ?? null) : null;
  }

  get view(): View {
    return this.route.page === "desk" ? this.route.view : "queue";
  }

  /** Goes there at once: the browser tells of a changed address only later, and keys may be faster than that. */
  go(view: View, id: string | null = null, card = false): void {
    location.hash = hashOf(view, id, card);
    this.route = parseRoute(location.hash);
  }
}

export const router = new Router();
