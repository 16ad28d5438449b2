import { waitMs, type Backoff } from "../../../shared/backoff.ts";

const BACKOFF: Backoff = { firstMs: 1000, capMs: 15_000 };

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Tries until it is done, with longer and longer pauses, for as long as it is wanted. */
export async function untilDone(attempt: () => Promise<boolean>, wanted: () => boolean, wait: (ms: number) => Promise<void> = pause): Promise<void> {
  for (let tries = 0; wanted(); tries++) {
    if (await attempt()) return;
    await wait(waitMs(tries, Math.random, BACKOFF));
  }
}
