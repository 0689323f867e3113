// The page's socket, which htmx opens and reopens. JSON frames are taken before htmx sees them; everything else is HTML
// that htmx swaps by id. Changes are gathered and drawn once per animation frame.

const HTMX_REOPENS = [1006, 1011, 1012, 1013];
const NO_SESSION = 4401;
const FINAL = [4400, 4403];
const CROWDED = [4408, 4429];
const ACK_MS = 2000;
const SILENT_MS = 16000; // the server speaks every 5 s

export class Socket {
  constructor(main, take) {
    this.main = main;
    this.take = take; // (frames) => void, called in an animation frame
    this.notice = document.getElementById("socket-notice");
    this.frames = [];
    this.seq = 0;
    this.ackTime = -ACK_MS;
    this.ackTimer = null;
    this.heard = performance.now();
    this.attempts = 0;
    this.socket = null;
    window.htmx.createWebSocket = (address) => this.connect(address);
    window.htmx.config.wsReconnectDelay = (attempt) => Math.random() * 1000 * 2 ** Math.min(attempt, 4);
    main.addEventListener("htmx:wsBeforeMessage", (event) => this.message(event));
    main.addEventListener("htmx:wsOpen", (event) => this.open(event));
    main.addEventListener("htmx:wsClose", (event) => this.closed(event));
    setInterval(() => this.watch(), 4000);
  }

  // One at a time: the late close of a socket that was replaced would make htmx replace the one that works.
  connect(address) {
    if (this.socket) {
      this.socket.onclose = null;
      this.socket.close();
    }
    this.heard = performance.now();
    this.socket = new WebSocket(address);
    return this.socket;
  }

  open(event) {
    this.wrapper = event.detail.socketWrapper;
    this.heard = performance.now();
    // Nothing of the connection before holds: the server begins with a snapshot.
    this.frames = [];
    clearTimeout(this.ackTimer);
    this.ackTimer = null;
  }

  message(event) {
    this.heard = performance.now();
    const text = event.detail.message;
    if (text[0] !== "{") return; // HTML for htmx
    event.preventDefault();
    const frame = JSON.parse(text);
    if (frame.type === "snapshot") {
      this.attempts = 0;
      this.say("");
      this.frames = []; // it holds all that waits
    }
    this.acknowledge(frame.seq, frame.type !== "cells" && frame.type !== "heartbeat");
    this.frames.push(frame);
    if (this.frames.length === 1) requestAnimationFrame(() => this.draw());
    else if (this.frames.length > 400) this.frames.splice(0, 200, merge(this.frames.slice(0, 200))); // a hidden tab draws nothing
  }

  draw() {
    const frames = this.frames;
    this.frames = [];
    this.take(frames);
  }

  // Not every frame by itself, but the last one too: the server is silent to a page that owes it too much.
  acknowledge(seq, now) {
    this.seq = seq;
    const wait = now ? 0 : this.ackTime + ACK_MS - performance.now();
    if (wait <= 0) this.confirm();
    else this.ackTimer ??= setTimeout(() => this.confirm(), wait);
  }

  confirm() {
    clearTimeout(this.ackTimer);
    this.ackTimer = null;
    this.ackTime = performance.now();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ ack: this.seq }));
  }

  closed(event) {
    const { code } = event.detail.event;
    if (code === NO_SESSION) return this.say(this.main.dataset.textEnded);
    if (FINAL.includes(code)) return this.say(this.main.dataset.textRefused);
    this.say(this.main.dataset.textLost);
    if (HTMX_REOPENS.includes(code)) return;
    const ceiling = CROWDED.includes(code) ? 20000 : 1000 * 2 ** Math.min(this.attempts, 4);
    this.attempts += 1;
    setTimeout(() => event.detail.socketWrapper.reconnect(), Math.random() * ceiling);
  }

  // A connection can die without a close. After a close the next one is on its way already.
  watch() {
    if (!this.wrapper || this.socket.readyState === WebSocket.CLOSED || performance.now() - this.heard < SILENT_MS) return;
    this.say(this.main.dataset.textLost);
    this.wrapper.reconnect();
  }

  say(text) {
    const lost = text !== "";
    document.body.toggleAttribute("data-socket-lost", lost);
    if (lost) document.body.dataset.socket = "lost";
    else delete document.body.dataset.socket;
    if (this.notice.textContent !== text) this.notice.textContent = text;
    this.notice.hidden = !lost;
    const badge = document.querySelector("#status .feed span");
    if (lost && badge) badge.textContent = this.main.dataset.textBadge;
  }
}

function merge(frames) {
  const last = frames.at(-1);
  const rows = {};
  for (const frame of frames) {
    for (const [id, cells] of Object.entries(frame.rows ?? {})) {
      rows[id] = cells === null ? null : { ...rows[id], ...cells };
    }
  }
  const { type, ids } = frames[0];
  return { ...last, type: type === "snapshot" ? type : last.type, ids, rows, merged: true };
}
