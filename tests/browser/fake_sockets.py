"""A network of the test's own: sockets that open, speak and close when the test says, on a clock that it turns."""

from playwright.async_api import Page

# Sockets that do what the test says. `made` are those of the page's numbers, `refused` closes new ones at once.
NETWORK = """
Math.random = () => 0.5;
const made = [];
class Fake extends EventTarget {
  static { Object.assign(this, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 }); }
  constructor(address) {
    super();
    Object.assign(this, { readyState: 0, said: [], OPEN: 1 });
    if (String(address).includes("/ws/signals/")) return;
    made.push(this);
    if (window.refused) setTimeout(() => this.end(1006));
  }
  send(text) { this.said.push(JSON.parse(text)); }
  close() { this.readyState = 2; }
  tell(event) { this.dispatchEvent(event); this["on" + event.type]?.(event); }
  begin() { this.readyState = 1; this.tell(new Event("open")); this.hear({ type: "snapshot", seq: 1, rows: {} }); }
  hear(frame) { this.tell(new MessageEvent("message", { data: JSON.stringify(frame) })); }
  end(code) { this.readyState = 3; this.tell(new CloseEvent("close", { code })); }
}
window.WebSocket = Fake;
window.made = made;
"""


async def faked(page: Page, address: str) -> None:
    """Go to a live page with a socket that the test has begun."""
    await page.clock.install()
    await page.add_init_script(NETWORK)
    await page.goto(address)
    await page.wait_for_function("made.length === 1")
    await page.evaluate("made[0].begin()")
