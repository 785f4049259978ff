#!/usr/bin/python3
"""Plants each fault in a cluster and asks the judge: the table of what it caught, under so many seeds.

Usage: planted.py [--seeds N] [--jobs N] [--only NAME,…] [--json]      needs the target planted_daemons (e2e/build release
planted_daemons). "none" is the same load, kills and moves without a fault: there nothing may be found."""
import argparse
import asyncio
import collections
import concurrent.futures
import json
import os
import pathlib
import sys

import system_path

BIN = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "planted" / "bin"
os.environ["CHATCLUSTER_BIN"] = os.environ.get("CHATCLUSTER_PLANTED_BIN", str(BIN))

from cluster import Cluster, eventually  # noqa: E402
from plants import PLANTS, Planter  # noqa: E402
from shards import Shards  # noqa: E402
from verdict import judge  # noqa: E402
from workload import Options, Workload  # noqa: E402


class Caught:
    """What became of one fault under one seed."""

    def __init__(self, fault, seed, findings):
        self.fault, self.seed = fault, seed
        self.by = collections.Counter(f.invariant.split()[0] for f in findings)
        self.said = [str(f) for f in findings[:5]]
        self.example = findings[0].sentence if findings else ""

    def as_expected(self):
        return bool(self.by) != (self.fault == "none")


async def run(planter, fault, seed):
    options = Options(pause=0.04, repeats=0.3, restless=1.5, away=PLANTS[fault].away, finish=20.0,
                      catch_up=5.0 if fault != "none" else 40.0)
    async with Workload(planter.cluster.api, f"{fault}/{seed}", options) as load:
        planter.plant(fault)
        try:
            await load.every_writer_acknowledged_again()
            await planter.happen(fault, load)
            history = await load.finish()
        finally:
            planter.take_away(fault)
    planter.shards.read_into(history)
    return Caught(fault, seed, judge(history))


def job(faults, seeds):
    """One cluster, in a process of its own: all seeds of some faults."""
    with Cluster() as cluster:
        # Set before the daemons start, which is where they look for the file.
        planter = Planter(cluster, Shards(cluster), pathlib.Path(os.environ["CHATCLUSTER_FAULT_FILE"]))
        results = []
        for fault in faults:
            for seed in range(1, seeds + 1):
                results.append(asyncio.run(run(planter, fault, seed)))
                said = "caught" if results[-1].by else "nothing found"
                print(f"{fault} under seed {seed}: {said} {dict(results[-1].by)}", file=sys.stderr, flush=True)
                eventually("sends are taken again", lambda: cluster.admin("messages-0", "/readyz"), 60)
        return results


def in_own_process(number, faults, seeds):
    file = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"chatcluster-fault-{os.getpid()}-{number}"
    file.write_text("")
    os.environ["CHATCLUSTER_FAULT_FILE"] = str(file)
    try:
        return job(faults, seeds)
    finally:
        file.unlink()


def table(results, seeds):
    lines = [f"{'fault':28} {'planted in':10} {'caught':>8}   by, and what was said first"]
    for fault, plant in PLANTS.items():
        mine = [r for r in results if r.fault == fault]
        if not mine:
            continue
        caught = [r for r in mine if r.by]
        invariants = sorted({i for r in caught for i in r.by})
        lines.append(f"{fault:28} {plant.where or '-':10} {len(caught):>3} of {seeds:<2}  {' '.join(invariants)}  "
                     f"{caught[0].example if caught else ''}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="clusters at once")
    parser.add_argument("--only", default="", help="faults, separated by commas")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    faults = arguments.only.split(",") if arguments.only else list(PLANTS)
    if unknown := [f for f in faults if f not in PLANTS]:
        parser.error(f"there is no fault {unknown[0]}; there are: {', '.join(PLANTS)}")
    shares = [faults[n::arguments.jobs] for n in range(min(arguments.jobs, len(faults)))]
    with concurrent.futures.ProcessPoolExecutor(len(shares)) as pool:
        parts = pool.map(in_own_process, range(len(shares)), shares, [arguments.seeds] * len(shares))
        results = [one for part in parts for one in part]
    if arguments.json:
        print(json.dumps([{**vars(r), "where": PLANTS[r.fault].where} for r in results], indent=1))
    else:
        print(table(results, arguments.seeds))
    wrong = [r for r in results if not r.as_expected()]
    for r in wrong:
        print(f"NOT AS EXPECTED: {r.fault} under seed {r.seed}: {r.example or 'nothing was found'}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
