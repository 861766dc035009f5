/**
 * A client of this voice-cloning server for pages of other origins, in one module without dependencies.
 *
 *     import { Client } from "./voiceclone.js";
 *
 *     const client = new Client("http://localhost:8000", { key: "vc_…" });  // no key where there are no accounts
 *     const grandmother = await client.createVoice("Grandmother", input.files);
 *     audio.src = URL.createObjectURL(await client.speak("Good morning.", { voice: grandmother.id }));
 *
 * The server has to know the page's origin (CORS_ORIGINS), unless a key is sent. A key in a page is everybody's who
 * opens it. `signal` of every call is that of an AbortController.
 */

const ENDED = ["succeeded", "failed", "cancelled"];
const TRY_AGAIN = [408, 429, 502, 503, 504];
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 3_000;
const MAX_RETRY_SECONDS = 60;

/** The message is a sentence for people; `code` is for programs, `status` 0 where no answer came. */
export class VoiceCloneError extends Error {
  constructor(message, { code = "", field = null, status = 0, retryAfterSeconds = 0, generation = null } = {}) {
    super(message);
    this.name = "VoiceCloneError";
    Object.assign(this, { code, field, status, retryAfterSeconds, generation });
  }

  /** Whether the same may succeed in a while. */
  get isWorthAnotherTry() {
    return TRY_AGAIN.includes(this.status) || this.code === "unreachable";
  }
}

/** Every call throws VoiceCloneError. A busy server is asked again, up to `tries` times in all. */
export class Client {
  #key;
  #tries;

  constructor(url, { key = "", tries = 3 } = {}) {
    this.url = url.replace(/\/+$/, "");
    this.#key = key;
    this.#tries = tries;
  }

  /** Saved ones by name, then those of the engine. */
  async voices({ signal } = {}) {
    const found = [];
    for (let path = "/api/v1/voices"; path; ) {
      const page = await this.#call(path, { signal });
      found.push(...page.results);
      path = page.next;
    }
    return found;
  }

  /** Of one to five files or blobs. `consent` of whoever is heard: own, written or public_domain. */
  createVoice(name, clips, { language, notes, consent, speaker, signal } = {}) {
    return this.#post("/api/v1/voices", { name, language, notes, consent, speaker }, [...clips], { signal });
  }

  async deleteVoice(id, { signal } = {}) {
    await this.#call(`/api/v1/voices/${id}`, { method: "DELETE", signal });
  }

  /** Does not wait for it. `voice` is an id, `reference` clips instead; the rest as the API has it. */
  submit(text, { reference = [], signal, ...asked } = {}) {
    const headers = { Prefer: "respond-async" };
    return this.#post("/api/v1/voice-clone/generate", { text, ...asked }, [...reference], { headers, signal });
  }

  generation(id, { signal } = {}) {
    return this.#call(`/api/v1/generations/${id}`, { signal });
  }

  /** Until it has succeeded. */
  async wait(generation, { onProgress, signal } = {}) {
    for (let pauseMs = FIRST_PAUSE_MS; !ENDED.includes(generation.status); ) {
      await pause(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 1.5, LAST_PAUSE_MS);
      generation = await this.generation(generation.id, { signal });
      onProgress?.(generation);
    }
    if (generation.status !== "succeeded") {
      const { message = `The generation was ${generation.status}.`, code = generation.status } = generation.error ?? {};
      throw new VoiceCloneError(message, { code, generation });
    }
    return generation;
  }

  /** A Blob; `format` is wav, mp3, opus or flac. */
  async download(generation, { format = "mp3", signal } = {}) {
    const response = await this.#open(`/api/v1/files/${generation.id}.${format}`, { signal });
    return read(() => response.blob());
  }

  async speak(text, { format = "mp3", onProgress, signal, ...asked } = {}) {
    const begun = await this.submit(text, { ...asked, format, signal });
    return this.download(await this.wait(begun, { onProgress, signal }), { format, signal });
  }

  /** Pieces of the sound as it is made: `for await (const bytes of client.stream(…))`. Leaving the loop ends it. */
  async *stream(text, { reference = [], signal, ...asked } = {}) {
    const sent = encode({ text, ...asked, stream: true }, [...reference]);
    const response = await this.#open("/api/v1/voice-clone/generate", { method: "POST", ...sent, signal });
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await read(() => reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** What was spoken by then is joined. */
  cancel(id, { signal } = {}) {
    return this.#call(`/api/v1/generations/${id}/cancel`, { method: "POST", signal });
  }

  async delete(id, { signal } = {}) {
    await this.#call(`/api/v1/generations/${id}`, { method: "DELETE", signal });
  }

  /** With a name of its own, so that it is done once however often it is sent. */
  #post(path, members, clips, { headers, signal } = {}) {
    const { body, headers: described } = encode(members, clips);
    const named = { ...described, ...headers, "Idempotency-Key": makeName() };
    return this.#call(path, { method: "POST", body, headers: named, signal });
  }

  async #call(path, options) {
    for (let triesLeft = this.#tries - 1; ; triesLeft -= 1) {
      try {
        const response = await this.#open(path, options);
        return response.status === 204 ? null : await read(() => response.json());
      } catch (error) {
        const isLast = triesLeft <= 0 || !(error instanceof VoiceCloneError) || !error.isWorthAnotherTry;
        if (isLast || error.retryAfterSeconds > MAX_RETRY_SECONDS) throw error;
        await pause(error.retryAfterSeconds * 1_000 || FIRST_PAUSE_MS, options.signal);
      }
    }
  }

  async #open(path, { headers = {}, ...options }) {
    const sent = this.#key ? { ...headers, Authorization: `Bearer ${this.#key}` } : headers;
    const response = await read(() => fetch(this.url + path, { ...options, headers: sent, credentials: "omit" }));
    if (!response.ok) throw await readError(response);
    return response;
  }
}

/** What the browser says of a connection is as little as it says of a page that may not ask. */
async function read(what) {
  try {
    return await what();
  } catch (error) {
    if (error instanceof DOMException) throw error; // the caller has ended it
    const message = `The server does not answer, or does not let this page ask (CORS_ORIGINS): ${error.message}`;
    throw new VoiceCloneError(message, { code: "unreachable" });
  }
}

async function readError(response) {
  const seconds = Number(response.headers.get("Retry-After") ?? 0);
  const told = { status: response.status, retryAfterSeconds: Number.isFinite(seconds) ? seconds : 0 };
  try {
    const { message, code, field } = (await response.json()).error;
    return new VoiceCloneError(message, { ...told, code, field });
  } catch {
    return new VoiceCloneError(`The server answered ${response.status}.`, told); // or something in front of it did
  }
}

/** As JSON, or as a form where there are clips. What is empty is not sent. */
function encode(members, clips) {
  const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (!clips.length && !members.name) {
    return { body: JSON.stringify(Object.fromEntries(given)), headers: { "Content-Type": "application/json" } };
  }
  const body = new FormData();
  for (const [name, value] of given) {
    body.append(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  for (const clip of clips) body.append("reference", clip, clip.name ?? "clip");
  return { body, headers: {} };
}

/** `crypto.randomUUID` is for https and localhost alone. */
function makeName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
