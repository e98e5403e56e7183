"""Links to the repository, derived when the book is built.

The address comes from GitHub Actions, else from a git remote that is on GitHub.
Only the owner and the name are taken from it, never a user, a password or a
token. Where no address is known, or the book is built for readers without a
network (OFFLINE=1), there is no button and no link.
"""

import os
import re
import subprocess
from urllib.parse import quote

NAME = r"[\w.-]+/[\w.-]+?"
USER = r"(?:[^/\s]*@)?"  # a token may stand here
HOST = r"(?:www\.|ssh\.)?github\.com"
REMOTE = re.compile(
    rf"(?:\w[\w+]*://{USER}{HOST}(?::\d+)?/+|{USER}{HOST}:/*)"
    rf"({NAME})(?:\.git)?/*",
    re.ASCII | re.IGNORECASE,
)


def git(folder, *arguments):
    """Return the lines that git prints; none where it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True
        )
    except OSError:
        return []
    return done.stdout.splitlines()


def find_remote(folder):
    """Return the name of a remote on GitHub and its "owner/name", or Nones.

    The remote ``origin`` comes first. Both the address as it is written and
    what git makes of it (``insteadOf``) count.
    """
    if any(git(folder, "rev-parse", "--show-cdup")):
        return None, None  # the book lies inside of another repository
    remotes = git(folder, "remote")
    for remote in sorted(remotes, key=lambda name: name != "origin"):
        written = git(folder, "config", "--get-all", f"remote.{remote}.url")
        used = git(folder, "remote", "get-url", "--all", remote)
        for address in written + used:
            if match := REMOTE.fullmatch(address):
                return remote, match[1]
    return None, None


def find_repository(folder, environ):
    """Return "owner/name" of the repository on GitHub, or None."""
    if environ.get("OFFLINE"):
        return None
    name = environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(NAME, name, re.ASCII):
        return find_remote(folder)[1]
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    return name if server.rstrip("/") == "https://github.com" else None


def find_branch(folder, environ):
    """Return the branch or tag that these pages are built from.

    For a pull request that is the branch it goes to. Without GitHub Actions it
    is what is checked out if GitHub has a branch of that name, else a branch
    there that points to the same commit, else the default one.
    """
    for variable in ("GITHUB_BASE_REF", "GITHUB_REF_NAME"):
        if environ.get(variable):
            return environ[variable]
    there = f"refs/remotes/{find_remote(folder)[0]}/"

    def branches(*condition):
        names = git(
            folder, "for-each-ref", "--format=%(refname)", *condition, there
        )
        return [name.removeprefix(there) for name in names]

    known = branches()
    default = git(folder, "symbolic-ref", f"{there}HEAD")
    default = [name.removeprefix(there) for name in default]
    here = git(folder, "symbolic-ref", "--short", "HEAD")
    upstream = git(folder, "rev-parse", "--symbolic-full-name", "@{upstream}")
    candidates = [
        *(name.removeprefix(there) for name in upstream),
        *here,
        *sorted(branches("--points-at=HEAD"), key=lambda n: n not in default),
        *default,
        *("main", "master"),
        *known,
    ]
    fetched = [name for name in candidates if name in known]
    return (fetched or here or ["main"])[0]


def add_links(app, config):
    """Give the theme the address, and the pages advice on how to run them."""
    repository = find_repository(app.srcdir, os.environ)
    if repository is None:
        advice = (
            "These pages have no button for Binder or Colab: they were built "
            "with `OFFLINE=1`, or where no repository on GitHub is known."
        )
    else:
        url = f"https://github.com/{repository}"
        config.html_theme_options.update(
            repository_url=url,
            repository_branch=quote(find_branch(app.srcdir, os.environ)),
            use_repository_button=True,
            use_issues_button=True,
            # GitHub edits branches, not tags.
            use_edit_page_button=os.environ.get("GITHUB_REF_TYPE") != "tag",
        )
        config.html_theme_options["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
        advice = (
            "The rocket above a chapter opens it on Binder, where all is "
            "installed, or on Colab, where its first cell installs what is "
            "missing. Colab does not render all of the text: keep this page "
            f"open beside it. `git clone {url}` brings the book to your "
            "machine."
        )
    config.myst_substitutions = {
        **config.myst_substitutions,
        "launch_advice": advice,
    }


def setup(app):
    """Register with Sphinx; myst-parser reads its settings at priority 500."""
    app.connect("config-inited", add_links, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
