"""A browser for tests: Chromium, spoken to over its DevTools protocol.

The WebSocket client is that of tornado, which Jupyter brings.
"""

import asyncio
import json
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1400,1000 "
    "--hide-scrollbars --remote-debugging-port=0 about:blank"
)
PATIENCE = 60  # seconds until a browser or a figure must have answered
KEYS = {
    "ArrowRight": 39,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "Home": 36,
    "End": 35,
    "Tab": 9,
    " ": 32,
}


@contextmanager
def chromium(folder):
    """Start Chromium with a profile of its own, and close it at the end."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    pytest.importorskip("tornado", reason="tornado, which speaks to Chromium, is not installed")
    with asyncio.Runner() as runner, open(folder / "words", "w") as words:
        process = subprocess.Popen(
            [CHROMIUM, f"--user-data-dir={folder}", *OPTIONS.split()], stdout=words, stderr=words
        )
        try:
            opened = Browser(runner, folder / "DevToolsActivePort")
            yield opened
            opened.close()
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()


def until(condition, what):
    """Wait until a condition is true, and return its value."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"{PATIENCE} s have passed without {what}"
        time.sleep(0.05)
    return found


class Browser:
    """One page of Chromium."""

    def __init__(self, runner, port_file):
        from tornado.websocket import websocket_connect

        async def connect(address):
            return await websocket_connect(address, max_message_size=2**28)

        until(lambda: port_file.exists() and "\n" in port_file.read_text(), "a browser")
        port, path = port_file.read_text().split()
        self.runner, self.number, self.session = runner, 0, None
        self.socket = runner.run(connect(f"ws://127.0.0.1:{port}{path}"))
        (target, *_) = (
            target
            for target in self.tell("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        )
        attach = {"targetId": target["targetId"], "flatten": True}
        self.session = self.tell("Target.attachToTarget", **attach)["sessionId"]

    def tell(self, method, **parameters):
        """Send a command, and return its answer; events are passed over."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session

        async def exchange():
            await self.socket.write_message(json.dumps(message))
            while True:
                answer = await asyncio.wait_for(self.socket.read_message(), PATIENCE)
                assert answer is not None, "the browser has gone"
                answer = json.loads(answer)
                if answer.get("id") == self.number:
                    return answer

        answer = self.runner.run(exchange())
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def close(self):
        async def exchange():
            await self.socket.write_message(json.dumps({"id": 0, "method": "Browser.close"}))
            while await asyncio.wait_for(self.socket.read_message(), PATIENCE) is not None:
                pass
            self.socket.close()

        self.runner.run(exchange())

    def ask(self, expression):
        """Return the value of a JavaScript expression."""
        answer = self.tell(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, address):
        """Open a page, as for a reader who has asked for less motion."""
        reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        self.tell("Emulation.setEmulatedMedia", features=reduced)
        self.tell("Page.navigate", url="about:blank")
        until(lambda: self.ask("location.href") == "about:blank", "an empty page")
        self.tell("Page.navigate", url=address)
        until(
            lambda: (
                self.ask("location.href") == address
                and self.ask("document.readyState") == "complete"
            ),
            "the page",
        )
        # Formulas and letters move what is below them when they come.
        self.ask("window.MathJax?.startup?.promise")
        self.ask("document.fonts.ready")

    def click(self, x, y):
        where = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, **where)

    def drag(self, start, end):
        """Press at one place, move to another, and let go there."""
        for kind, (x, y) in (
            ("mousePressed", start),
            ("mouseMoved", end),
            ("mouseReleased", end),
        ):
            button = {"button": "left", "buttons": 1, "clickCount": 1}
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def press(self, key):
        code = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": key} if len(key) == 1 else {}
        self.tell(
            "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **code, **text
        )
        self.tell("Input.dispatchKeyEvent", type="keyUp", **code)
