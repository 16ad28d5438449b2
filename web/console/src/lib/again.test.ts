import { expect, test } from "vitest";
import { untilDone } from "./again.ts";

async function tried({ works, wanted = Infinity }: { works: number; wanted?: number }): Promise<{ tries: number; waits: number[] }> {
  const waits: number[] = [];
  let tries = 0;
  await untilDone(
    () => Promise.resolve(++tries >= works),
    () => tries < wanted,
    (ms) => Promise.resolve(void waits.push(ms)),
  );
  return { tries, waits };
}

test("what works at once is tried once and waits for nothing", async () => {
  expect(await tried({ works: 1 })).toEqual({ tries: 1, waits: [] });
});

test("what fails is tried again, with pauses that grow up to a bound", async () => {
  const { tries, waits } = await tried({ works: 9 });
  expect(tries).toBe(9);
  expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
  expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0);
});

test("what nobody wants any more is left", async () => {
  expect((await tried({ works: 9, wanted: 3 })).tries).toBe(3);
});
