"""Processes that answer requests: forked from one that has loaded the network, each an HTTP server for one at a time.

Standard input says how many seconds the start of a process shall take, a line each; standard output answers with its
process number, and the process itself, once it is ready, with a file that has its port.
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plane_network import viewed

NETWORK = viewed()


class Answering(http.server.BaseHTTPRequestHandler):
    """Runs stages until the confidence reaches a threshold, and says where that was, and how long each stage took."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a digit, 28 x 28 float32, with thresholds by stage in a header."""
        image = np.frombuffer(self.rfile.read(int(self.headers["content-length"])), np.float32).reshape(1, 1, 28, 28)
        thresholds = {int(stage): float(at) for stage, at in json.loads(self.headers["x-thresholds"]).items()}
        body = json.dumps(_answered(torch.from_numpy(image.copy()), thresholds)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@torch.inference_mode()
def _answered(x: torch.Tensor, thresholds: dict[int, float]) -> dict[str, Any]:
    """Serve a request as `MultiExit.answer` does, with a clock at each stage."""
    last, seconds = len(NETWORK.stages), []
    for number, stage in enumerate(NETWORK.stages, start=1):
        begin = time.perf_counter()
        x = stage(x)
        leaves = False
        if number == last or number in thresholds:
            logits = NETWORK.classify(number, x)
            leaves = number == last or float(NETWORK.confidence(number, logits)) >= thresholds[number]
        seconds.append(time.perf_counter() - begin)
        if leaves:
            return {"answer": int(logits.argmax(dim=1)), "stage": number, "seconds": seconds}
    raise AssertionError


def _serve(folder: Path, delay_s: float, begin: float) -> None:
    """Be ready so many seconds after the order, and serve until the end."""
    torch.set_num_threads(1)
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        _answered(torch.zeros(1, 1, 28, 28), {})
        time.sleep(max(0.0, begin + delay_s - time.monotonic()))
        draft = folder / f"{os.getpid()}.draft"
        draft.write_text(str(server.server_address[1]))
        draft.replace(folder / f"{os.getpid()}.port")
        server.serve_forever(poll_interval=3600)


def main() -> None:
    """Fork a process for each line that comes."""
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    torch.set_num_threads(1)
    print("ready", flush=True)
    for line in sys.stdin:
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                _serve(folder, float(line), begin)
            finally:
                os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
