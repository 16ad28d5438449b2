"""Where the tests of each mark lie: the runner of all suites reads only these folders for them."""

FOLDERS = {"e2e": {"e2e", "pages", "web"}, "real": {"real"}}
NEEDED = {
    "e2e": ("web/dist/widget.js", "web/dist/console/index.html", "brain/.venv/bin/python"),
    "pages": ("web/dist/console/index.html",),
    "web": ("web/dist/widget.js", "web/dist/console/index.html"),
}
"""What must be built for the tests of a folder that look at pages; `make install web` does."""
