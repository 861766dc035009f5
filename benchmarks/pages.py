"""What a page costs whoever opens it: kB, the first paint, and how far things move while it loads.

    python -m benchmarks.pages [--repeats N]

In Chromium against a site of its own with a few generations, at a desktop's and a phone's width. A first visit has an
empty cache; the next is to the same page after the studio was open. The first paint is counted from the navigation on;
shifts as Chromium weighs them (https://web.dev/articles/cls), those after input left out.
"""

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from benchmarks.screenshots import fill, opening
from benchmarks.site import serving

WIDTHS = {"1440": (1440, 900), "360": (360, 740)}
SETTLED_MS = 1500
MOST_KB, MOST_KB_AFTERWARDS, MOST_SHIFT, MOST_PAINT_MS = 100, 30, 0.02, 500

WATCH = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

ASK = """() => {
  const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return {
    kB: loaded.reduce((sum, each) => sum + each.transferSize, 0) / 1000,
    paintMs: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    shift: window.shifts,
    sounds: loaded.filter((each) => /\\/files\\/|\\/segments\\//.test(each.name)).length,
  };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"Load average {os.getloadavg()[0]:.1f}")
    print(
        f"Goals: {MOST_KB} kB, then {MOST_KB_AFTERWARDS}; {MOST_PAINT_MS} ms; a shift below {MOST_SHIFT}\n\n"
        "| | width | kB, first visit | next | first paint ms, median | least | shift | sounds |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), WEBHOOKS="true") as site,
        opening() as browser,
    ):
        for name, path in fill(browser, site).items():
            for width, viewport in WIDTHS.items():
                address = f"http://localhost:{site.port}"
                visits = [visit(browser, viewport, address, path) for _ in range(options.repeats)]
                firsts, nexts = [first for first, _ in visits], [then for _, then in visits]
                paints = [first["paintMs"] for first in firsts]
                print(
                    f"| {name} | {width} | {median(each['kB'] for each in firsts):.0f} | "
                    f"{median(each['kB'] for each in nexts):.0f} | {median(paints):.0f} | {min(paints):.0f} | "
                    f"{max(each['shift'] for each in firsts):.3f} | {max(each['sounds'] for each in firsts)} |",
                    flush=True,
                )
    print(f"\nLoad average {os.getloadavg()[0]:.1f}")


def visit(
    browser: Browser, viewport: tuple[int, int], address: str, path: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a first visit, and of one after the studio was open."""
    found = []
    for before in (None, "/"):
        context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
        page = context.new_page()
        page.add_init_script(WATCH)
        if before:
            page.goto(address + before)
        page.goto(address + path)
        page.wait_for_timeout(SETTLED_MS)
        found.append(page.evaluate(ASK))
        context.close()
    return found[0], found[1]


if __name__ == "__main__":
    main()
