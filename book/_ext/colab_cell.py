# @title On Google Colab: fetch the library, and the files beside this chapter
import sys

ADDRESS = ""  # of this chapter on GitHub, if Colab does not know it

if "google.colab" in sys.modules:
    import json
    import os
    import re
    import shutil
    import subprocess
    from contextlib import suppress
    from importlib.metadata import version
    from importlib.util import find_spec
    from urllib.parse import unquote
    from urllib.request import urlopen

    import numpy
    from google.colab import _message
    from IPython import get_ipython

    known = [ADDRESS]
    with suppress(Exception):  # where the open notebook is from
        server = "http://{COLAB_JUPYTER_IP}:{KMP_TARGET_PORT}"
        sessions = server.format(**os.environ) + "/api/sessions"
        known.append(urlopen(sessions, timeout=10).read().decode())
    with suppress(Exception):  # and what it is a copy of
        answer = _message.blocking_request("get_ipynb", timeout_sec=60)
        known.append(json.dumps(answer["ipynb"]["metadata"]))
    found = re.search(
        r"github\.com/([\w.-]+/[\w.-]+)/blob/([^\s\"]+?)/(book/\w+)/\w+\.ipynb",
        unquote(unquote("\n".join(known))),
    )
    if not found:
        raise RuntimeError(
            "Colab does not know where this chapter is from: write its address "
            "on GitHub between the quotes of ADDRESS, and run this cell again"
        )
    repository, branch, folder = found.groups()
    book = "/content/rgrbm-book"
    pip = [sys.executable, "-m", "pip", "install", "-q"]

    if find_spec("rgrbm") is None:
        print(f"Installing from {repository}, {branch}: a minute or two ...")
        shutil.rmtree(book, ignore_errors=True)
        for command in (
            ["git", "clone", "-q", f"https://github.com/{repository}", book],
            ["git", "-C", book, "checkout", "-q", branch],
            # Colab shows the widgets of its own ipywidgets only: leave that be.
            [*pip, book, "myst-nb", "threadpoolctl"],
        ):
            subprocess.run(command, check=True)
        if version("numpy") != numpy.__version__:
            get_ipython().kernel.do_shutdown(restart=True)
            sys.exit("Python restarts with a new NumPy: now run all once more")
    os.chdir(f"{book}/{folder}")
