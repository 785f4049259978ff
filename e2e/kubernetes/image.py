"""Writes a container image of a few files as an OCI archive, which containerd imports."""
import hashlib
import io
import json
import tarfile


def _tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, mode in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _json(value):
    return json.dumps(value, sort_keys=True).encode()


def write_image(path, name, files, command, user="65535:65535"):
    """`files`: {path in the image: (bytes, mode)}; `command`: its entry point."""
    layer = _tar([(where, content, mode) for where, (content, mode) in sorted(files.items())])
    digest = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = _json({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": command, "User": user},
                    "rootfs": {"type": "layers", "diff_ids": [digest]}})
    blobs = {digest: layer}

    def blob(content, kind):
        its = "sha256:" + hashlib.sha256(content).hexdigest()
        blobs[its] = content
        return {"mediaType": kind, "digest": its, "size": len(content)}

    manifest = _json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                      "config": blob(config, "application/vnd.oci.image.config.v1+json"),
                      "layers": [blob(layer, "application/vnd.oci.image.layer.v1.tar")]})
    index = blob(manifest, "application/vnd.oci.image.manifest.v1+json")
    index["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    entries = [("oci-layout", _json({"imageLayoutVersion": "1.0.0"}), 0o644),
               ("index.json", _json({"schemaVersion": 2, "manifests": [index]}), 0o644)]
    entries += [("blobs/sha256/" + its[7:], content, 0o644) for its, content in blobs.items()]
    path.write_bytes(_tar(entries))
