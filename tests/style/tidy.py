#!/usr/bin/env python3
"""Runs clang-tidy over our .cpp files, two at a time, and remembers what was clean.

A file is checked again when it, a header of ours that it includes, or .clang-tidy changed. The memory is a folder of
empty files in the user's cache. Usage: tidy.py BUILD_DIR [PATH_PART]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "chatcluster" / "tidy"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def ours(path, seen):
    """The file and the headers of this project that it reaches."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for target in INCLUDE.findall(path.read_text(errors="replace")):
        ours(ROOT / target, seen)
    return seen


def fingerprint(path, command):
    """Of what clang-tidy sees, wherever the checkout stands."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + command.replace(str(ROOT), ".").encode())
    for file in sorted(ours(path, set())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def without_gcc(command):
    """clang reads no precompiled header of g++ and knows not all of its flags."""
    words, result, skip = shlex.split(command), [], False
    for word, following in zip(words, [*words[1:], ""]):
        if skip:
            skip = False
        elif word == "-include" and "cmake_pch" in following:
            skip = True
        elif word != "-Winvalid-pch" and not word.endswith("ccache"):
            result.append(word)
    return shlex.join(result)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    entries = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if "grpc" in file.name:  # the peer that io/rpc was measured against: built on demand, with generated headers
            continue
        if "/planted-" in entry["command"] and file.name != "planted.cpp":  # once more, with faults (tests/judge)
            continue
        if ROOT in file.parents and build not in file.parents and part in str(file):
            entries.append({**entry, "command": without_gcc(entry["command"])})
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as database:
        (pathlib.Path(database) / "compile_commands.json").write_text(json.dumps(entries))

        def check(entry):
            file = pathlib.Path(entry["file"])
            stamp = CACHE / fingerprint(file, entry["command"])
            if stamp.exists():
                return file, True, ""
            run = subprocess.run(["clang-tidy-14", "--quiet", "-p", database, str(file)], capture_output=True, text=True)
            if run.returncode == 0:
                stamp.touch()
            return file, run.returncode == 0, run.stdout + ("" if run.stdout else run.stderr)

        failed = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for file, clean, output in pool.map(check, entries):
                if not clean:
                    failed += 1
                    print(f"{file.relative_to(ROOT)}:\n{output}", flush=True)
    print(f"{len(entries)} files, {failed} with findings")
    sys.exit(bool(failed) or not entries)


main()
