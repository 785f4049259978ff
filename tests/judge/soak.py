#!/usr/bin/python3
"""Random faults under load, judged: kill -9 and SIGSTOP of every kind of process, several at once at times, gateways added
and taken away. The same seed draws the same faults.

Usage: e2e/soak [--minutes N] [--seed S] [--faults N] [--json]
       e2e/soak --planted [...]    the table of planted faults instead (tests/judge/planted.py)
A round is a new cluster, a load, so many faults one after the other, and the judge. Exit 0 only if it never found anything."""
import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time

import system_path  # noqa: F401
from cluster import Cluster, eventually
from device import now
from faults import inject, schedule
from scenario import in_thread
from shards import Shards
from silence import longest_wait
from soak_report import Report
from verdict import judge, report
from workload import Options, Workload


async def faults_under_load(load, cluster, seed, count, say):
    """Answers [(kind, when it began)] of what was done."""
    done = []
    for pause, faults in schedule(seed, count):
        await asyncio.sleep(pause)
        say(f"  {' + '.join(map(str, faults))}")
        done += [(fault.kind, now()) for fault in faults]
        await asyncio.gather(*(in_thread(inject, cluster, fault) for fault in faults))
    return done


async def round_of(cluster, seed, count, say):
    async with Workload(cluster.api, seed, Options(guests=28)) as load:
        await load.every_writer_acknowledged_again()
        done = await faults_under_load(load, cluster, seed, count, say)
        await in_thread(cluster.wait_available, 120)
        await load.every_writer_acknowledged_again()
        ended = now()
        history = await load.finish()
    await in_thread(Shards(cluster).read_into, history)
    waits = [(kind, longest_wait(history, begun, until))
             for (kind, begun), until in zip(done, [at for _, at in done[1:]] + [ended])]
    return history, waits, judge(history)


def one_round(seed, count, total, say):
    with Cluster() as cluster:
        try:
            history, waits, findings = asyncio.run(round_of(cluster, seed, count, say))
        except BaseException:
            keep_logs(cluster, say)
            raise
        total.add(history, waits, findings)
        if findings:
            say(report(findings))
            keep_logs(cluster, say)


def keep_logs(cluster, say):
    folder = tempfile.mkdtemp(prefix="chatcluster-soak-logs-")
    for log in [*cluster.dir.glob("clusters/demo/logs/*"), cluster.dir / "operator.log"]:
        if log.exists():
            shutil.copy(log, folder)
    say(f"the logs of this round are kept in {folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**9)))
    parser.add_argument("--faults", type=int, default=20, help="in a round")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    def say(text):
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    total, ends, number = Report(arguments.seed), time.monotonic() + 60 * arguments.minutes, 0
    say(f"seed {arguments.seed}")
    while number == 0 or time.monotonic() < ends:
        number += 1
        say(f"round {number}:")
        try:
            one_round(f"{arguments.seed}/{number}", arguments.faults, total, say)
        except AssertionError as error:  # a wait for the cluster or for answers
            total.broken.append(f"round {number}: {error}")
            say(f"round {number} was not finished: {error}")
    print(json.dumps(total.as_json(), indent=1) if arguments.json else total.as_text())
    sys.exit(not total.good())


if __name__ == "__main__":
    main()
