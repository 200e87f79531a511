"""`python -m mekong.faces.cli`: run the command line, and turn expected failures into a message and exit status 1."""

import sys


def main() -> None:
    """Run the command that the arguments name."""
    from mekong.faces.cli.words import Stop, words
    from mekong.foundation.config import BadSetting
    from mekong.foundation.postgres import ServerFailed

    try:
        from mekong.faces.cli.app import app

        app(prog_name="mekong")
    except BadSetting as wrong:
        print(words(wrong.vi, wrong.en), file=sys.stderr)
        sys.exit(1)
    except (Stop, ServerFailed) as expected:
        print(expected, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        # Mekong's own errors carry a message for people; anything else is a defect and shows where it happened.
        if "mekong.foundation.errors" not in sys.modules:
            raise
        from mekong.foundation.errors import MekongError

        if not isinstance(error, MekongError):
            raise
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
