import type { NoticeKind } from "./types.ts";

const SOUND_OFF = "warmline:sound-off";

/** Two warm notes for an offer, three quick ones when it presses, one for a message. Frequencies in Hz. */
const TUNES: Partial<Record<NoticeKind, number[]>> = {
  offer: [523.25, 783.99],
  alarm: [659.25, 659.25, 880],
  breach: [659.25, 659.25, 880],
  message: [587.33],
  mention: [587.33, 783.99],
  push: [659.25, 880],
  page: [659.25, 659.25, 880, 880],
};

/** Sound and desktop notifications. A browser lets no page sound before the first click or key, so neither do we. */
class Alerts {
  #audio: AudioContext | null = null;
  sound = $state(localStorage.getItem(SOUND_OFF) === null);
  desktop = $state<NotificationPermission | "unsupported">("Notification" in window ? Notification.permission : "unsupported");

  constructor() {
    const wake = (): void => {
      this.#audio ??= new AudioContext();
      void this.#audio.resume();
    };
    window.addEventListener("pointerdown", wake, { once: true });
    window.addEventListener("keydown", wake, { once: true });
  }

  toggleSound(): void {
    this.sound = !this.sound;
    if (this.sound) localStorage.removeItem(SOUND_OFF);
    else localStorage.setItem(SOUND_OFF, "1");
    if (this.sound) this.play("offer");
  }

  play(kind: NoticeKind): void {
    const [audio, tune] = [this.#audio, TUNES[kind]];
    if (!this.sound || !audio || !tune || audio.state !== "running") return;
    tune.forEach((frequency, i) => note(audio, frequency, audio.currentTime + i * 0.16));
  }

  async askDesktop(): Promise<void> {
    if (this.desktop === "default") this.desktop = await Notification.requestPermission();
  }

  /** Only while nobody looks at the desk: whoever looks sees it anyway. */
  show(words: string, tag: string, clicked: () => void): void {
    if (this.desktop !== "granted" || document.visibilityState === "visible") return;
    const notification = new Notification("Warmline", { body: words, tag });
    notification.onclick = () => {
      window.focus();
      clicked();
      notification.close();
    };
  }
}

function note(audio: AudioContext, frequency: number, at: number): void {
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.type = "sine";
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.18, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.55);
}

export const alerts = new Alerts();
