"""``python -m autocnn`` is ``autocnn``."""

from autocnn.cli import main

if __name__ == "__main__":
    main()
