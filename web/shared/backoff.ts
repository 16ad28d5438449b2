export interface Backoff {
  firstMs: number;
  capMs: number;
}

/**
 * How long to wait before try number `attempt` (0 is the first one after a loss), in milliseconds.
 *
 * The ceiling doubles with each try up to the cap; the wait is drawn from its upper half, so that many browsers that
 * lost the same service do not come back in the same instant. `random` gives a number in [0, 1).
 */
export function waitMs(attempt: number, random: () => number, { firstMs, capMs }: Backoff): number {
  const ceiling = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
