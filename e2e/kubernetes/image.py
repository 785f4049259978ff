"""Writes container images as OCI archives, which containerd imports and any tool pushes."""
import hashlib
import io
import json
import pathlib
import tarfile

LAYER = "application/vnd.oci.image.layer.v1.tar"


def layer_of_files(files):
    """The tar of a layer. `files`: {path in the image: (bytes, mode)}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, (content, mode) in sorted(files.items()):
            _add(archive, name, content, mode)
    return out.getvalue()


def layer_of_folder(folder):
    """The tar of a layer that holds what is in a folder, as root's and without times: the same files give the same layer."""
    def plain(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            archive.add(path, path.relative_to(folder), recursive=False, filter=plain)
    return out.getvalue()


def _add(archive, name, content, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _json(value):
    return json.dumps(value, sort_keys=True).encode()


def _digest(content):
    """Of bytes, or of a file."""
    if isinstance(content, bytes):
        return "sha256:" + hashlib.sha256(content).hexdigest()
    sha = hashlib.sha256()
    with open(content, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return "sha256:" + sha.hexdigest()


def write_image(path, name, layers, config):
    """`layers`: tars from the lowest up, as bytes or as the path of a file. `config`: what a container is started with, e.g.
    {"Entrypoint": […], "User": "uid:gid"}."""
    blobs = {}

    def blob(content, kind):
        digest = _digest(content)
        blobs[digest] = content
        size = len(content) if isinstance(content, bytes) else pathlib.Path(content).stat().st_size
        return {"mediaType": kind, "digest": digest, "size": size}

    stacked = [blob(layer, LAYER) for layer in layers]
    settings = _json({"architecture": "amd64", "os": "linux", "config": config,
                      "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in stacked]}})
    manifest = _json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                      "config": blob(settings, "application/vnd.oci.image.config.v1+json"), "layers": stacked})
    index = blob(manifest, "application/vnd.oci.image.manifest.v1+json")
    index["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    with tarfile.open(path, "w") as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _json({"schemaVersion": 2, "manifests": [index]}))
        for digest, content in blobs.items():
            where = "blobs/sha256/" + digest.removeprefix("sha256:")
            if isinstance(content, bytes):
                _add(archive, where, content)
            else:
                archive.add(content, where)
