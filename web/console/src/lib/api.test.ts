import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { get, post } from "./api.ts";

const answer = (status: number): Response => new Response(JSON.stringify({ status }), { status, headers: { "Content-Type": "application/json" } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function serviceThatSays(...statuses: number[]): { asked: () => number } {
  let asked = 0;
  vi.stubGlobal("fetch", () => Promise.resolve(answer(statuses[Math.min(asked++, statuses.length - 1)] ?? 200)));
  return { asked: () => asked };
}

test("a look is taken again while one service stops and another is not there yet", async () => {
  const service = serviceThatSays(502, 503, 504, 200);
  const looked = get("me");
  await vi.runAllTimersAsync();
  expect(await looked).toEqual({ status: 200 });
  expect(service.asked()).toBe(4);
});

test("it gives up in the end, and at once where asking again is no use", async () => {
  const away = serviceThatSays(502);
  const looked = get("me").catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  expect(await looked).toMatchObject({ status: 502 });
  expect(away.asked()).toBe(6);

  const refused = serviceThatSays(401);
  await expect(get("me")).rejects.toMatchObject({ status: 401 });
  expect(refused.asked()).toBe(1);
});

test("a command is never sent twice", async () => {
  const service = serviceThatSays(502);
  await expect(post("logout")).rejects.toMatchObject({ status: 502 });
  expect(service.asked()).toBe(1);
});
