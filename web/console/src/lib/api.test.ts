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

/** A service that notes the keys of what it is told, and whose lines break as said. */
function acting(...answers: ("broken" | number)[]): string[] {
  const keys: string[] = [];
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    const one = answers[Math.min(keys.length, answers.length - 1)] ?? 200;
    keys.push((init.headers as Record<string, string>)["Idempotency-Key"] ?? "");
    return one === "broken" ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve(answer(one));
  });
  return keys;
}

test("an act whose line broke is sent again under its key, and the next act has another", async () => {
  const keys = acting("broken", 503, 200);
  const acted = post("conversations/c1/note", { text: "call back" });
  await vi.runAllTimersAsync();
  expect(await acted).toEqual({ status: 200 });
  await post("conversations/c1/note", { text: "call back" });
  expect(keys).toHaveLength(4);
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[3]).not.toBe(keys[0]);
});

test("whoever asks for the same once more, not knowing what became of it, does so under the same key", async () => {
  const keys = acting("broken");
  const failed = post("conversations/c2/note", { text: "call back" }).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  expect(await failed).toMatchObject({ code: "unreachable" });
  const other = acting(200);
  await post("conversations/c9/note", { text: "call back" });
  await post("conversations/c2/note", { text: "call back" });
  expect(other).toEqual([expect.not.stringMatching(keys[0] ?? ""), keys[0]]);
});

test("once something else was done to the same conversation, the same is another act", async () => {
  const keys = acting("broken");
  const failed = post("conversations/c5/take").catch(() => undefined);
  await vi.runAllTimersAsync();
  await failed;
  const later = acting(200);
  await post("conversations/c5/give-back", { summary: "" });
  await post("conversations/c5/take");
  expect(later[1]).not.toBe(keys[0]);
});

test("a key is forgotten after a while, and with a refusal", async () => {
  const keys = acting(409, 200);
  await expect(post("conversations/c3/take")).rejects.toMatchObject({ status: 409 });
  await post("conversations/c3/take");
  expect(keys[1]).not.toBe(keys[0]);

  const broken = acting("broken");
  const failed = post("conversations/c3/take").catch(() => undefined);
  await vi.runAllTimersAsync();
  await failed;
  vi.setSystemTime(Date.now() + 11 * 60_000);
  const later = acting(200);
  await post("conversations/c3/take");
  expect(later[0]).not.toBe(broken[0]);
});

test("what has a key of its own is left to its sender to try again", async () => {
  const keys = acting("broken");
  await expect(post("conversations/c4/say", { key: "k" }, { again: false })).rejects.toMatchObject({ code: "unreachable" });
  expect(keys).toHaveLength(1);
});

test("what begins or ends a session has no key and is never sent twice", async () => {
  const keys = acting(502);
  await expect(post("logout")).rejects.toMatchObject({ status: 502 });
  expect(keys).toEqual([""]);
});
