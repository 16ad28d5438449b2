"""Runs Rasa's own command line with its Messenger client pointed at another Graph API.

    GRAPH_URL=http://127.0.0.1:9001 brain/.venv/bin/python -m bench.rasa_up run --credentials ...

fbmessenger 6.0.0 has `https://graph.facebook.com` written into it; this replaces the address and nothing else. It runs on
the brain's Python.
"""

import os
import warnings

warnings.simplefilter("ignore")

import fbmessenger  # noqa: E402
from rasa.__main__ import main  # noqa: E402

_stock_init = fbmessenger.MessengerClient.__init__


def _init(self, page_access_token, **options):  # type: ignore[no-untyped-def]
    _stock_init(self, page_access_token, **options)
    self.graph_url = f"{os.environ['GRAPH_URL']}/v{self.api_version}"


fbmessenger.MessengerClient.__init__ = _init

if __name__ == "__main__":
    main()
