// A stream given to an <audio> piece by piece, as it comes. One that fetches it itself waits for a second of sound first.
"use strict";

const playsPieces = "MediaSource" in window && MediaSource.isTypeSupported("audio/mpeg");

// The address that plays it. It is fetched until its end, or until the <audio> plays something else.
function openLive(url, sound) {
  const MOST_AHEAD_SECONDS = 60;
  const source = new MediaSource();
  const address = URL.createObjectURL(source);
  const left = new AbortController();
  const answer = fetch(url, { signal: left.signal });
  const happens = (name, place) => new Promise((done) => place.addEventListener(name, done, { once: true }));
  const aheadSeconds = () => (sound.buffered.length ? sound.buffered.end(sound.buffered.length - 1) - sound.currentTime : 0);

  async function pass() {
    const [response] = await Promise.all([answer, happens("sourceopen", source)]);
    URL.revokeObjectURL(address);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const buffer = source.addSourceBuffer("audio/mpeg");
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      buffer.appendBuffer(piece.value);
      await happens("updateend", buffer);
      while (aheadSeconds() > MOST_AHEAD_SECONDS) await happens("timeupdate", sound);
    }
    source.endOfStream();
  }

  source.addEventListener("sourceclose", () => left.abort());
  pass().catch(() => source.readyState === "open" && source.endOfStream("network")); // an error of the <audio>
  return address;
}
