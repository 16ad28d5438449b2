/** Shows web pushes, and opens the conversation that one is about. It keeps nothing and answers no requests of the page. */

interface News {
  id: number;
  title: string;
  body: string;
  conversation_id: string;
  urgent: boolean;
}

/** What of a service worker's world is used; the page's own types know nothing of it. */
interface Waiting extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Push extends Waiting {
  data: { json(): unknown } | null;
}
interface Click extends Waiting {
  notification: Notification;
}
interface Pages {
  matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<{ url: string; focus(): Promise<unknown>; postMessage(message: unknown): void }[]>;
  openWindow(url: string): Promise<unknown>;
  claim(): Promise<void>;
}
interface Scope {
  registration: ServiceWorkerRegistration;
  clients: Pages;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", heard: (event: Waiting) => void): void;
  addEventListener(type: "push", heard: (event: Push) => void): void;
  addEventListener(type: "notificationclick", heard: (event: Click) => void): void;
}

const scope = self as unknown as Scope;

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("push", (event) => {
  const news = event.data?.json() as News | undefined;
  if (!news) return;
  const { id, conversation_id, urgent } = news;
  const options = { body: news.body, tag: conversation_id, renotify: true, requireInteraction: urgent, data: { id, conversation_id } };
  event.waitUntil(scope.registration.showNotification(news.title, options));
});

scope.addEventListener("notificationclick", (event) => {
  const { id, conversation_id } = event.notification.data as { id: number; conversation_id: string };
  event.notification.close();
  event.waitUntil(Promise.all([seen(id), open(conversation_id)]));
});

async function seen(id: number): Promise<void> {
  try {
    await fetch(`/api/console/notices/${id}/seen`, { method: "POST", credentials: "same-origin", headers: { "X-Warmline": "1", "Content-Type": "application/json" }, body: "{}" });
  } catch {
    // The page that opens says so, too.
  }
}

async function open(conversation: string): Promise<void> {
  const pages = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const desk = pages.find(({ url }) => new URL(url).pathname.startsWith("/console"));
  if (!desk) {
    await scope.clients.openWindow(`/console#/all/${encodeURIComponent(conversation)}`);
    return;
  }
  desk.postMessage({ type: "open", conversation });
  await desk.focus();
}
