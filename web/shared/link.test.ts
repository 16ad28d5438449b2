import { beforeEach, describe, expect, it, vi } from "vitest";
import { Link, parseFrame, type Frame, type LinkWorld } from "./link.ts";

class FakeSocket {
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
    this.readyState = 3;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  fall(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

let sockets: FakeSocket[];
let timers: { ms: number; run: () => void; live: boolean }[];
let states: string[];
let heard: Frame[];
let link: Link<Frame>;

const last = (): FakeSocket => sockets.at(-1) as FakeSocket;
/** Fires the newest timer that still runs. */
const fire = (): number => {
  const timer = timers.findLast((t) => t.live);
  if (!timer) throw new Error("no timer runs");
  timer.live = false;
  timer.run();
  return timer.ms;
};

beforeEach(() => {
  vi.stubGlobal("WebSocket", { OPEN: 1 });
  sockets = [];
  timers = [];
  states = [];
  heard = [];
  const world: LinkWorld = {
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    random: () => 1,
    after: (ms, run) => {
      const timer = { ms, run, live: true };
      timers.push(timer);
      return () => {
        timer.live = false;
      };
    },
  };
  link = new Link(
    { url: "ws://x", pingEveryMs: 20_000, backoff: { firstMs: 1000, capMs: 8000 } },
    { opened: () => link.send({ type: "hello" }), frame: (f) => heard.push(f), changed: (s) => states.push(s) },
    world,
  );
  return () => vi.unstubAllGlobals();
});

describe("Link", () => {
  it("says hello first and is live only when settled", () => {
    link.start();
    last().accept();
    expect(last().sent).toEqual([{ type: "hello" }]);
    expect(states).toEqual(["connecting"]);
    link.settle();
    expect(states).toEqual(["connecting", "live"]);
  });

  it("backs off further each time until settled", () => {
    link.start();
    const waits = [0, 1, 2, 3, 4].map(() => {
      last().accept();
      last().fall();
      return fire();
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000]);
    last().accept();
    link.settle();
    last().fall();
    expect(fire()).toBe(1000);
  });

  it("takes a socket that leaves a ping unanswered for lost", () => {
    link.start();
    last().accept();
    fire();
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    last().say({ type: "pong" });
    fire();
    expect(last().closed).toBe(false);
    fire();
    expect(sockets[0]?.closed).toBe(true);
    expect(states.at(-1)).toBe("lost");
  });

  it("takes an attempt that never opens for lost", () => {
    link.start();
    fire();
    expect(states).toEqual(["connecting", "lost"]);
  });

  it("hurries only while it waits", () => {
    link.start();
    link.hurry();
    expect(sockets).toHaveLength(1);
    last().fall();
    link.hurry();
    expect(sockets).toHaveLength(2);
    expect(timers.filter((t) => t.live && t.ms === 1000)).toHaveLength(0);
  });

  it("asks an open socket for a sign of life when hurried", () => {
    link.start();
    last().accept();
    link.hurry();
    last().say({ type: "pong" });
    expect(fire()).toBe(5000);
    expect(last().closed).toBe(false);
    link.hurry();
    expect(fire()).toBe(5000);
    expect(states.at(-1)).toBe("lost");
  });

  it("does not come back after stop", () => {
    link.start();
    last().accept();
    link.stop();
    expect(timers.some((t) => t.live)).toBe(false);
    expect(last().closed).toBe(true);
    link.hurry();
    expect(sockets).toHaveLength(1);
  });

  it("ignores an old socket after again()", () => {
    link.start();
    const old = last();
    old.accept();
    link.again();
    old.fall();
    old.say({ type: "late" });
    expect(heard).toEqual([]);
    expect(states.at(-1)).toBe("connecting");
  });
});

it("parseFrame leaves out what is no frame", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  expect([parseFrame("{"), parseFrame("3"), parseFrame('{"a":1}'), parseFrame(new ArrayBuffer(2))]).toEqual([null, null, null, null]);
  expect(warn).toHaveBeenCalledOnce();
  expect(parseFrame('{"type":"pong"}')).toEqual({ type: "pong" });
});
