"""Where the tests of each mark lie: the runner of all suites reads only these folders for them."""

FOLDERS = {"e2e": {"e2e", "pages", "web"}, "real": {"real"}}
