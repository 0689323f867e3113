/* Subscribes this browser to push: the form carries what the browser's push service gives. */

const form = document.querySelector("[data-push]");

function bytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64.padEnd(Math.ceil(base64.length / 4) * 4, "=")), (sign) => sign.charCodeAt(0));
}

function isKey(subscription, key) {
  const used = new Uint8Array(subscription.options.applicationServerKey ?? []);
  return used.length === key.length && used.every((byte, at) => byte === key[at]);
}

async function subscribe() {
  const key = bytes(form.dataset.key);
  await navigator.serviceWorker.register(form.dataset.worker, { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const earlier = await pushManager.getSubscription();
  if (earlier && !isKey(earlier, key)) await earlier.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

async function submit(event) {
  event.preventDefault();
  const denied = form.querySelector("[data-push-denied]");
  const button = form.querySelector("button");
  denied.hidden = button.disabled = true;
  try {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("not allowed");
    const subscription = await subscribe();
    form.elements["push-target-subscription"].value = JSON.stringify(subscription);
    form.submit();
  } catch {
    denied.hidden = false;
    button.disabled = false;
  }
}

if (form && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  form.querySelector("[data-push-absent]").hidden = true;
  form.querySelector("button").hidden = false;
  form.addEventListener("submit", submit);
}
