"""What a frame of the board costs the browser: a real Chromium, whole exchanges, patches as the socket brings them."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from statistics import mean

from playwright.async_api import async_playwright

from tests.bench.figure import Figure, figure
from tests.bench.market_day import market, publish
from tests.bench.servers import running
from tracker.launch.ports import LOOPBACK

SIZES = (30, 400)
CELLS = 200  # that change in a frame
FRAMES = 40
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Fills the table to a size and plays frames: cells that change are spread over all rows.
PLAY = """async ([size, count, frames]) => {
  const board = document.querySelector("script[src*='js/board']").src;
  const { Cells } = await import(board.replace(/board[^/]*$/, "cells.js"));
  const body = document.getElementById("rows");
  const first = body.querySelector("[data-row]");
  for (const row of [...body.children].slice(size)) row.remove();
  while (body.children.length < size) {
    const copy = first.cloneNode(true);
    copy.dataset.row = "R" + body.children.length;
    body.append(copy);
  }
  const cells = new Cells(body, document.getElementById("row"));
  const ids = [...body.children].map(row => row.dataset.row);
  const names = ["price", "volume", "change", "percent", "total", "bid1_price", "bid1_volume", "ask1_price",
                 "ask1_volume", "imbalance"];
  await new Promise(done => setTimeout(done, 500));
  for (let frame = 0; frame < frames; frame++) {
    const rows = {};
    for (let n = 0; n < count; n++) {
      const id = ids[(n * 7 + frame * 3) % ids.length];
      const name = names[Math.floor(n * 7 / ids.length) % names.length];
      (rows[id] ??= {})[name] = [String(frame * 100 + n), frame % 3 ? "up" : "down"];
    }
    const text = JSON.stringify({ type: "cells", rows });
    await new Promise(done => requestAnimationFrame(() => {
      performance.mark("frame");
      cells.apply(JSON.parse(text).rows, true);
      performance.mark("applied");
      done();
    }));
    await new Promise(done => setTimeout(done, 250));
  }
}"""
CATEGORIES = ["disabled-by-default-devtools.timeline", "blink.user_timing", "toplevel", "devtools.timeline"]


def figures() -> Iterator[Figure]:
    """Measure on a server of our own."""
    with running(1, ANONYMOUS_READ="true") as servers:
        publish(servers.redis_url, market())
        yield from asyncio.run(measured(f"http://{LOOPBACK}:{servers.web_ports[0]}/?list=HOSE"))


async def measured(url: str) -> list[Figure]:
    """Script and long tasks of a frame, by size of the table and number of cells that change."""
    found = []
    async with async_playwright() as playwright:
        path = next(path for name in NAMES if (path := shutil.which(name)))
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for size, count in [(size, CELLS) for size in SIZES] + [(SIZES[-1], 10 * CELLS)]:
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.route_web_socket("**/ws/**", lambda socket: None)
            await page.goto(url)
            await browser.start_tracing(page=page, categories=CATEGORIES)
            await page.evaluate(PLAY, [size, count, FRAMES])
            script, longest = read(await browser.stop_tracing())
            await page.close()
            held = count == CELLS  # ten times as many are shown, not held
            name, note = f"board_{size}_rows_{count}_cells", f"load {os.getloadavg()[0]:.1f}"
            p95 = f"p95 {sorted(script)[int(FRAMES * 0.95)]:.1f} ms, {note}"
            found += [
                figure(f"{name}_script_a_frame", mean(script), "ms", at_most=8 if held else None, note=p95),
                figure(f"{name}_longest_task", longest, "ms", at_most=50 if held else None, note=note),
            ]
        await browser.close()
    return found


def read(trace: bytes) -> tuple[list[float], float]:
    """Milliseconds of the script of each frame and of the longest task after the first frame.

    In time of the page's own thread: what else runs on the machine does not count.
    """
    events = json.loads(trace)["traceEvents"]
    marks = {name: [each for each in events if each["name"] == name and "tts" in each] for name in ("frame", "applied")}
    script = [(end["tts"] - begin["tts"]) / 1000 for begin, end in zip(marks["frame"], marks["applied"], strict=True)]
    first = marks["frame"][0]
    thread, start = (first["pid"], first["tid"]), first["ts"]
    tasks = [
        each["tdur"] / 1000
        for each in events
        if each["name"].endswith("RunTask")
        and (each["pid"], each["tid"]) == thread
        and "tdur" in each
        and each["ts"] + each["dur"] >= start
    ]
    return script, max(tasks)
