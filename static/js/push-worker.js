/* Service worker: shows what the site pushes, and opens the page it is about. It keeps nothing and answers no request. */

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

function read(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

addEventListener("push", (event) => {
  const { title, body, url, tag, urgent } = read(event.data);
  const options = { body, tag, data: { url }, icon: "/static/icons/icon.svg", requireInteraction: Boolean(urgent) };
  event.waitUntil(registration.showNotification(title || "VN Stock Tracker", options));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  // Only what is ours, whatever a message says.
  const said = new URL(event.notification.data?.url || "/", location.origin);
  const target = said.origin === location.origin ? said.href : location.origin;
  event.waitUntil(
    clients.matchAll({ type: "window" }).then((windows) => {
      const open = windows.find((each) => each.url === target);
      return open ? open.focus() : clients.openWindow(target);
    }),
  );
});
