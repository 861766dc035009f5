"""`make attack`: attacks a site of its own for some minutes and says what held. See docs/reliability.md."""

import argparse
import random
import sys
import tempfile
import traceback
from pathlib import Path

from cloning.tests.attack import clients, damage, deletions, disks, figures, hostile, kills, races, schema
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.sizes import FULL, SHORT

PIECES = {
    "hostile": hostile.attack,
    "schema": schema.attack,
    "races": races.attack,
    "deletions": deletions.attack,
    "kills": kills.attack,
    "disks": disks.attack,
    "damage": damage.attack,
    "clients": clients.attack,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "pieces", nargs="*", metavar="piece", help=f"of {', '.join(PIECES)}; all when none is named"
    )
    parser.add_argument("--short", action="store_true", help="as much as the tests do")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="of an earlier run, to repeat it"
    )
    parser.add_argument("--record", type=Path, help="rewrite the figures of this document, after a whole run")
    options = parser.parse_args()
    if unknown := set(options.pieces) - set(PIECES):
        parser.error(f"no such piece: {', '.join(unknown)}")
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    report = Report(folder / "faults", options.seed)
    print(f"seed {options.seed}, files in {folder}", flush=True)
    for name in options.pieces or PIECES:
        print(name, "…", flush=True)
        try:
            PIECES[name](folder, report, SHORT if options.short else FULL)
        except Exception as error:  # the others go on
            traceback.print_exc()
            report.add_fault(name, Promise.RECOVERY, f"the attack itself could not go on: {error}")
    table = figures.table(report)
    print(table)
    if options.record and not options.short and not options.pieces:
        figures.record(options.record, table)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
