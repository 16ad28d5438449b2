"""`python -m brain serve` and `python -m brain check`."""

import argparse
import sys

REQUIRED_PYTHON = (3, 10)


def main():  # type: ignore[no-untyped-def]  # must also parse on the Pythons it refuses
    """Run the command line; returns the exit status."""
    if sys.version_info[:2] != REQUIRED_PYTHON:
        print(
            "The brain needs Python %d.%d, because Rasa 3.6 does; this is %d.%d (%s).\n"
            "Use brain/.venv/bin/python, made by `uv sync --project brain`."
            % (REQUIRED_PYTHON + sys.version_info[:2] + (sys.executable,)),
            file=sys.stderr,
        )
        return 2
    options = _parser().parse_args()
    return options.run(options)


def _parser():  # type: ignore[no-untyped-def]
    parser = argparse.ArgumentParser(prog="python -m brain", description="Rasa as a pure function, behind a socket.")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve turns until SIGTERM")
    serve.add_argument("--model", required=True, help="a trained model (*.tar.gz), or a folder whose newest is taken")
    place = serve.add_mutually_exclusive_group(required=True)
    place.add_argument("--socket", help="path of the Unix socket to listen on")
    place.add_argument("--port", type=int, default=0, help="port on loopback instead of a socket; 0 for any free one")
    serve.add_argument("--workers", type=_at_least_one, default=2, help="worker processes (default 2)")
    serve.add_argument("--turn-timeout-s", type=_positive, default=8.0, help="longest a turn may take (default 8)")
    serve.add_argument("--actions", default="actions", help="package of the custom actions (default actions)")
    serve.set_defaults(run=_serve)
    check = commands.add_parser("check", help="say whether Python, Rasa and the pinned libraries are right")
    check.set_defaults(run=_check)
    return parser


def _at_least_one(text):  # type: ignore[no-untyped-def]
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _positive(text):  # type: ignore[no-untyped-def]
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def _serve(options):  # type: ignore[no-untyped-def]
    from brain.quiet import quieten  # noqa: PLC0415  (after the check of Python's version)

    quieten()
    from brain.server import CannotStart, ServeOptions, serve  # noqa: PLC0415

    try:
        serve(
            ServeOptions(
                model=options.model,
                actions=options.actions,
                socket_path=options.socket,
                port=options.port,
                workers=options.workers,
                turn_timeout_s=options.turn_timeout_s,
            )
        )
    except CannotStart as error:
        print("brain: %s" % error, file=sys.stderr)
        return 1
    return 0


def _check(_):  # type: ignore[no-untyped-def]
    from brain.quiet import quieten  # noqa: PLC0415

    quieten()
    from brain.check import problems  # noqa: PLC0415
    from brain.logs import hush_libraries  # noqa: PLC0415

    hush_libraries()
    found = problems()
    for problem in found:
        print("brain: %s" % problem, file=sys.stderr)
    if not found:
        print("brain: Python, Rasa and its libraries are as locked")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
