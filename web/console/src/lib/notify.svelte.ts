import * as api from "./api.ts";
import { clock } from "./clock.svelte.ts";
import { keyBytes, labelOf } from "./push.ts";

export interface Wishes {
  sound: boolean;
  web_push: boolean;
  email: boolean;
  quiet_from: string | null;
  quiet_to: string | null;
  zone: string;
  urgent_in_quiet: boolean;
}

export interface Ways {
  email: boolean;
  webhook: boolean;
  sound_after_s: number;
  push_after_s: number;
  email_after_s: number;
  webhook_after_s: number;
}

export interface Sent {
  id: string;
  notice_id: string;
  conversation_id: string;
  kind: string;
  carrier: "in_page" | "sound" | "web_push" | "email" | "webhook";
  state: "queued" | "sent" | "seen" | "acted" | "failed" | "dropped";
  why: string | null;
  due_at: string;
  sent_at: string | null;
  seen_at: string | null;
  acted_at: string | null;
}

interface Settings {
  settings: Wishes;
  devices: { id: string; label: string; added_at: string }[];
  push_key: string;
  ways: Ways;
}

const HERE = "warmline:push-device";

/** How the agent who looks is notified: their settings, their browsers, and what was sent to them. */
export class Notify {
  told = $state.raw<Settings | null>(null);
  sent = $state.raw<Sent[] | null>(null);
  trouble = $state("");
  done = $state("");
  /** The id of this browser among the devices, as far as it remembers. */
  here = $state<string | null>(localStorage.getItem(HERE));
  readonly supported = "serviceWorker" in navigator && "PushManager" in window;

  async load(): Promise<void> {
    await this.#try(async () => {
      const [told, { items, now }] = await Promise.all([api.get<Settings>("notify"), api.get<{ items: Sent[]; now: string }>("notifications")]);
      clock.heard(now);
      this.told = told;
      this.sent = items;
      if (this.here !== null && !told.devices.some(({ id }) => id === this.here)) this.#remember(null);
    });
  }

  async save(settings: Wishes): Promise<void> {
    await this.#try(async () => {
      this.told = await api.put<Settings>("notify", settings);
      this.done = "Saved.";
    });
  }

  /** Ask the browser, subscribe, and tell the service. */
  async addHere(): Promise<void> {
    const told = this.told;
    if (!told) return;
    await this.#try(async () => {
      if ((await Notification.requestPermission()) !== "granted") {
        this.trouble = "This browser does not allow notifications for this page. Allow them in its settings, then try again.";
        return;
      }
      const registration = await navigator.serviceWorker.register("/console/sw.js", { scope: "/console" });
      await navigator.serviceWorker.ready;
      const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(told.push_key) });
      const { endpoint, keys } = subscription.toJSON();
      const { device_id } = await api.post<{ device_id: string }>("notify/devices", { endpoint, p256dh: keys?.["p256dh"], auth: keys?.["auth"], label: labelOf(navigator.userAgent) });
      this.#remember(device_id);
      await this.load();
      this.done = "This browser is told from now on.";
    });
  }

  async drop(id: string): Promise<void> {
    await this.#try(async () => {
      await api.del(`notify/devices/${id}`);
      if (id === this.here) {
        this.#remember(null);
        const registration = await navigator.serviceWorker.getRegistration("/console");
        await (await registration?.pushManager.getSubscription())?.unsubscribe();
      }
      await this.load();
      this.done = "No more pushes there.";
    });
  }

  #remember(id: string | null): void {
    this.here = id;
    if (id === null) localStorage.removeItem(HERE);
    else localStorage.setItem(HERE, id);
  }

  async #try(run: () => Promise<void>): Promise<void> {
    this.trouble = this.done = "";
    try {
      await run();
    } catch (error) {
      this.trouble = error instanceof DOMException ? "This browser could not be added. It may block pushes, or have no way to them." : api.wordsOf(error);
    }
  }
}
