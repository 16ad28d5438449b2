import { betterOffset } from "./countdown.ts";

/** The service's time, ticking twice a second for whoever reads `now` (milliseconds since the epoch). */
class ServiceClock {
  #offset: number | null = null;
  now = $state(Date.now());

  heard(iso: string): void {
    const measured = Date.parse(iso) - Date.now();
    if (Number.isNaN(measured)) return;
    this.#offset = betterOffset(this.#offset, measured);
    this.tick();
  }

  tick(): void {
    this.now = Date.now() + (this.#offset ?? 0);
  }
}

export const clock = new ServiceClock();
setInterval(() => clock.tick(), 500);
