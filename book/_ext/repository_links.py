"""Links to the repository, derived when the book is built.

The address comes from ``GITHUB_REPOSITORY`` (set by GitHub Actions), else from
the git remote ``origin`` if that is on GitHub. Where neither is known, there is
no button and no link.
"""

import os
import re
import subprocess

REMOTE = re.compile(
    r"^(?:https://|ssh://git@|git@)github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$"
)


def git(folder, *arguments):
    """Return what git prints; nothing where it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip()


def find_repository(folder, environ):
    """Return "owner/name" of the repository on GitHub, or None."""
    name = environ.get("GITHUB_REPOSITORY")
    if name:
        return name
    match = REMOTE.match(git(folder, "remote", "get-url", "origin"))
    return match and match[1]


def find_branch(folder, environ):
    """Return the branch that is built in CI, else the remote's default."""
    if environ.get("GITHUB_REF_TYPE") == "branch" and not environ.get(
        "GITHUB_HEAD_REF"
    ):
        return environ["GITHUB_REF_NAME"]
    head = git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return head.removeprefix("origin/") or "main"


def add_links(app, config):
    """Give the theme the address, and the pages advice on how to run them."""
    repository = find_repository(app.srcdir, os.environ)
    if repository is None:
        advice = (
            "Clone the repository and install the package with `pip install .`."
        )
    else:
        url = f"https://github.com/{repository}"
        config.html_theme_options.update(
            repository_url=url,
            repository_branch=find_branch(app.srcdir, os.environ),
            use_repository_button=True,
            use_issues_button=True,
            use_edit_page_button=True,
        )
        config.html_theme_options["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
        advice = (
            "The rocket above a chapter opens it on Binder, where all is "
            "installed, or on Colab. On Colab, run this line in a new first "
            f"cell: `%pip install git+{url} myst-nb`"
        )
    config.myst_substitutions = {
        **config.myst_substitutions,
        "launch_advice": advice,
    }


def setup(app):
    """Register with Sphinx; myst-parser reads its settings at priority 500."""
    app.connect("config-inited", add_links, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
