#!/usr/bin/env python3
"""The layers point one way: reads every #include and fails on one that is not an arrow of the design.

Usage: arrows.py [ROOT]         checks the tree
       arrows.py --prove        plants forbidden includes in a copy and fails unless each is caught
"""
import pathlib
import re
import shutil
import sys
import tempfile

# layer -> layers it may include, beside itself. A layer is a folder; the longest match names a file's layer.
SECURED = ["dataplane/io/http", "dataplane/io/redis", "dataplane/io/rpc"]  # on streams that may have TLS
IO = [*SECURED, "dataplane/io/postgres", "dataplane/io/tls"]
SERVICES = ["dataplane/services", "dataplane/ports", "dataplane/protocol", "dataplane/domain", "dataplane/base"]
SHARED = ["dataplane/base", *IO]  # all that the operator may see of the data plane
ARROWS = {
    "dataplane/base": [],
    **{io: ["dataplane/base"] for io in IO},
    **{io: ["dataplane/base", "dataplane/io/tls"] for io in SECURED},
    "dataplane/domain": ["dataplane/base"],
    "dataplane/protocol": ["dataplane/domain", "dataplane/base"],
    "dataplane/ports": ["dataplane/domain", "dataplane/base"],
    "dataplane/services": ["dataplane/ports", "dataplane/protocol", "dataplane/domain", "dataplane/base"],
    "dataplane/adapters": ["dataplane/ports", "dataplane/protocol", "dataplane/domain", "dataplane/base", *IO],
    "dataplane/gateway": [*SERVICES, "dataplane/io/http", "dataplane/io/tls"],
    "dataplane/rest": [*SERVICES, "dataplane/io/http", "dataplane/io/tls"],
    "dataplane/messages": [*SERVICES, "dataplane/io/rpc"],
    "dataplane/workers": SERVICES,
    "dataplane/apps/daemon": ["dataplane/domain", "dataplane/base", "dataplane/io/http", "dataplane/io/tls"],
    "dataplane/apps/backends": ["dataplane/apps/daemon", "dataplane/adapters", "dataplane/domain", "dataplane/base", *IO],
    "dataplane/apps": ["dataplane"],
    "operator/api": ["dataplane/base"],
    "operator/ports": ["operator/api", "dataplane/base"],
    "operator/settings": ["dataplane/base"],
    "operator/plan": ["operator/ports", "operator/api", "dataplane/base"],
    "operator/operations": ["operator/ports", "operator/api", "dataplane/base"],
    "operator/shards": ["operator/settings", "operator/ports", "operator/api", *SHARED],
    "operator/daemons": ["operator/ports", "operator/api", *SHARED],
    "operator/local": ["operator/settings", "operator/daemons", "operator/ports", "operator/api", *SHARED],
    "operator/kubernetes/client": ["dataplane/base"],
    "operator/kubernetes/control": ["operator/kubernetes/client", "dataplane/base"],
    "operator/kubernetes/objects": ["operator/settings", "operator/ports", "operator/api", "dataplane/base"],
    "operator/kubernetes/site": ["operator/kubernetes/client", "operator/kubernetes/control", "operator/kubernetes/objects",
                                 "operator/ports", "operator/api", "dataplane/base"],
    "operator/kubernetes/platform": ["operator/kubernetes", "operator/settings", "operator/daemons", "operator/ports",
                                     "operator/api", *SHARED],
    "operator/kubernetes": ["operator/settings", "operator/ports", "operator/api", *SHARED],
    "operator/controllers": ["operator/plan", "operator/operations", "operator/ports", "operator/api", "dataplane/base"],
    "operator/cli": ["operator/ports", "operator/api", "dataplane/base"],
    "operator/app": ["operator", *SHARED],
}
# Libraries that stay behind their wrapper. pattern of the include -> layers that may use it
LIBRARIES = {
    r"pqxx/|libpq": ["dataplane/io/postgres"],
    r"hiredis/": ["dataplane/io/redis"],
    r"librdkafka/": ["dataplane/io/kafka"],
    r"grpc": [],
    r"cpprest/|pplx/": ["operator/kubernetes/client"],
    r"openssl/ssl": ["dataplane/io/tls"],
    r"boost/beast": ["dataplane/io/http", "dataplane/gateway"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)


def layer_of(path):
    best = None
    for layer in ARROWS:
        if (path == layer or path.startswith(layer + "/")) and (best is None or len(layer) > len(best)):
            best = layer
    return best


def allowed(layer, target_path, target_layer):
    if target_layer == layer:
        return True
    return any(target_layer == to or target_layer.startswith(to + "/") for to in ARROWS[layer])


def check(root):
    wrong, arrows = [], 0
    for path in sorted([*root.glob("dataplane/**/*.[hc]pp"), *root.glob("operator/**/*.[hc]pp")]):
        name = path.relative_to(root).as_posix()
        layer = layer_of(name.rsplit("/", 1)[0])
        if name == "dataplane/io/asio_pch.hpp":
            continue
        if layer is None:
            wrong.append(f"{name}: its folder is in no layer; add it to tests/style/arrows.py and to the README")
            continue
        for quote, target in INCLUDE.findall(path.read_text()):
            arrows += 1
            if target.startswith(("dataplane/", "operator/")):
                to = layer_of(target.rsplit("/", 1)[0])
                if to is None or not allowed(layer, target, to):
                    wrong.append(f"{name}: {layer} must not include {target}")
            elif quote == '"':
                wrong.append(f"{name}: includes \"{target}\"; includes are written from the repository root")
            for pattern, homes in LIBRARIES.items():
                if re.match(pattern, target) and layer not in homes:
                    wrong.append(f"{name}: <{target}> belongs behind {' or '.join(homes) or 'nothing here'}")
    return wrong, arrows


PLANTED = [
    ("dataplane/domain/planted.cpp", "dataplane/ports/store.hpp"),
    ("dataplane/services/planted.cpp", "dataplane/adapters/jwt.hpp"),
    ("dataplane/gateway/planted.cpp", "dataplane/io/postgres/pool.hpp"),
    ("dataplane/protocol/planted.cpp", "dataplane/io/rpc/channel.hpp"),
    ("operator/plan/planted.cpp", "operator/local/supervisor.hpp"),
    ("operator/local/planted.cpp", "dataplane/domain/bucket.hpp"),
    ("operator/api/planted.cpp", "dataplane/io/http/client.hpp"),
    ("dataplane/services/planted.cpp", "pqxx/pqxx"),
    ("dataplane/rest/planted.cpp", "boost/beast/core.hpp"),
    ("operator/kubernetes/control/planted.cpp", "cpprest/http_client.h"),
    ("operator/kubernetes/client/planted.cpp", "operator/kubernetes/control/cache.hpp"),
    ("dataplane/strange/planted.cpp", "dataplane/base/result.hpp"),
]


def prove(root):
    for place, target in PLANTED:
        with tempfile.TemporaryDirectory() as copy:
            for top in ("dataplane", "operator"):
                shutil.copytree(root / top, pathlib.Path(copy) / top, ignore=shutil.ignore_patterns("web"))
            file = pathlib.Path(copy) / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f'#include "{target}"\n' if "/" in target and target.startswith(("data", "oper"))
                            else f"#include <{target}>\n")
            if not any(place in line for line in check(pathlib.Path(copy))[0]):
                sys.exit(f"not caught: {place} including {target}")
    print(f"{len(PLANTED)} planted includes were all caught")


if __name__ == "__main__":
    base = pathlib.Path(__file__).resolve().parents[2]
    if sys.argv[1:] == ["--prove"]:
        prove(base)
    else:
        problems, seen = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else base)
        print("\n".join(problems) or f"{seen} includes, all along the arrows")
        sys.exit(bool(problems))
