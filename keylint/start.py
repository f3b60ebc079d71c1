"""The console script: one short process, started and ended as fast as Python can."""

import gc

# Before anything else is imported: the values of a run live to its end, so collecting garbage only costs.
gc.disable()

import os  # noqa: E402
import sys  # noqa: E402

try:
    from keylint.cli import run
except KeyboardInterrupt:
    os.write(2, b"keylint: interrupted; nothing was judged\n")
    os._exit(2)


def main() -> None:
    """Run the command line and end the process with its exit code.

    Ends it without taking its values apart first, which takes a tenth of a short run and more of a long one; what was
    written is flushed.
    """
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 2
    os._exit(code)
