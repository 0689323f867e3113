"""Measure the board's script in Chromium: milliseconds a frame and long tasks, with more and more rows.

Run it as `python -m tests.browser.measure_board URL` against a running server whose board has rows to copy. It opens
the page, closes its socket, fills the table to a size and plays patches as the socket would bring them. One JSON
object a line.
"""

import asyncio
import json
import shutil
import sys
from typing import Any

from playwright.async_api import async_playwright

SIZES = (30, 100, 200, 400)
FRAMES = 40
PLAY = """async ([size, frames]) => {
  const { Cells } = await import("/static/js/cells.js");
  const body = document.getElementById("rows");
  const first = body.querySelector("[data-row]");
  for (const row of [...body.children]) if (row !== first) row.remove();
  for (let n = 1; n < size; n++) {
    const copy = first.cloneNode(true);
    copy.dataset.row = "R" + n;
    body.append(copy);
  }
  const cells = new Cells(body, document.getElementById("row"));
  const ids = [...body.children].map(row => row.dataset.row);
  const names = ["price", "volume", "change", "percent", "total", "bid1_price", "bid1_volume", "ask1_price",
                 "ask1_volume", "active"];
  const long = [];
  new PerformanceObserver(list => long.push(...list.getEntries().map(e => e.duration))).observe({type: "longtask"});
  let script = 0;
  for (let frame = 0; frame < frames; frame++) {
    const patch = {};
    for (const [place, id] of ids.entries()) {
      patch[id] = {};
      for (const [at, name] of names.entries())
        if ((place + at + frame) % 2) patch[id][name] = [String(frame * 100 + at), frame % 3 ? "up" : "down"];
    }
    const text = JSON.stringify({ type: "cells", rows: patch });
    await new Promise(done => requestAnimationFrame(() => {
      const from = performance.now();
      cells.apply(JSON.parse(text).rows, true);
      script += performance.now() - from;
      done();
    }));
    await new Promise(done => setTimeout(done, 250));
  }
  return { script: script / frames, long: long.length, longest: Math.max(0, ...long) };
}"""


async def measure(url: str) -> None:
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for size in SIZES:
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.route_web_socket("**/ws/board/**", lambda socket: None)
            await page.goto(url)
            found: dict[str, Any] = await page.evaluate(PLAY, [size, FRAMES])
            figures = {
                "script ms a frame": (round(found["script"], 2), 8),
                f"long tasks in {FRAMES} frames": (found["long"], 0),
                "longest task ms": (round(found["longest"]), 50),
            }
            for name, (value, bar) in figures.items():
                name = f"board, {size} rows, 5 cells of each: {name}"
                print(json.dumps({"name": name, "value": value, "bar": bar, "ok": value <= bar}))
            await page.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1]))
