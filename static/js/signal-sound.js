// A short tone, made by the browser. Browsers allow it only after the reader has touched the page; before that it is
// silent and asks for nothing. Of several open tabs one rings.

import { recall, remember } from "./signal-choices.js";

const HIGH = [880, 1320, 880]; // Hz: critical
const LOW = [660];
const STEP = 0.14; // seconds
const LOUD = 0.12;

let context = null;

export function ring(id, critical) {
  if (!navigator.userActivation?.hasBeenActive || recall("rung") === id) return;
  remember("rung", id);
  context ??= new AudioContext();
  const begin = () => {
    for (const [place, pitch] of (critical ? HIGH : LOW).entries()) tone(pitch, context.currentTime + place * STEP);
  };
  if (context.state === "running") begin();
  else context.resume().then(begin);
}

function tone(pitch, at) {
  const [source, volume] = [context.createOscillator(), context.createGain()];
  source.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUD, at + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.001, at + STEP);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + STEP);
}
