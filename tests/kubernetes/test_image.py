#!/usr/bin/env python3
"""The OCI archive that e2e/image writes, without making a Debian: its parts name each other by digest, and it is started as the
Containerfile says."""
import hashlib
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "e2e" / "kubernetes"))
from image import layer_of_files, layer_of_folder, write_image  # noqa: E402


def e2e_image():
    loader = importlib.machinery.SourceFileLoader("e2e_image", str(ROOT / "e2e" / "image"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("e2e_image", loader))
    loader.exec_module(module)
    return module


class Image(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chatcluster-image-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, archive):
        with tarfile.open(archive) as tar:
            return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}

    def test_every_part_is_what_it_is_named(self):
        lower = self.folder / "lower.tar"
        lower.write_bytes(layer_of_files({"etc/passwd": (b"root", 0o644)}))
        upper = layer_of_files({"usr/bin/chat": (b"program", 0o755)})
        write_image(self.folder / "it.tar", "registry.example.com/chat:7", [lower, upper], {"User": "999:999"})
        files = self.read(self.folder / "it.tar")
        index = json.loads(files["index.json"])["manifests"][0]
        self.assertEqual(index["annotations"]["io.containerd.image.name"], "registry.example.com/chat:7")
        self.assertEqual(index["annotations"]["org.opencontainers.image.ref.name"], "7")
        blob = lambda described: files["blobs/sha256/" + described["digest"].removeprefix("sha256:")]  # noqa: E731
        manifest = json.loads(blob(index))
        for described in (index, manifest["config"], *manifest["layers"]):
            self.assertEqual("sha256:" + hashlib.sha256(blob(described)).hexdigest(), described["digest"])
            self.assertEqual(len(blob(described)), described["size"])
        self.assertEqual([blob(layer) for layer in manifest["layers"]], [lower.read_bytes(), upper])
        config = json.loads(blob(manifest["config"]))
        self.assertEqual(config["rootfs"]["diff_ids"], [layer["digest"] for layer in manifest["layers"]])
        self.assertEqual(config["config"], {"User": "999:999"})

    def test_the_same_files_are_the_same_layer(self):
        (self.folder / "a").mkdir()
        program = self.folder / "a" / "program"
        program.write_bytes(b"x")
        first = layer_of_folder(self.folder)
        program.unlink()
        program.write_bytes(b"x")
        self.assertEqual(layer_of_folder(self.folder), first)
        program.chmod(0o755)
        self.assertNotEqual(layer_of_folder(self.folder), first)

    def test_it_is_started_as_the_containerfile_says(self):
        config = e2e_image().config()
        self.assertEqual(config["User"], "999:999")
        self.assertEqual(config["Cmd"], ["chat-operator"])
        self.assertIn("/usr/lib/chatcluster/bin:", config["Env"][0])

    def test_both_recipes_make_the_user_and_take_the_same_packages(self):
        recipe = " ".join(e2e_image().recipe("ROOT"))
        containerfile = (ROOT / "manifests" / "image" / "Containerfile").read_text()
        for package in (ROOT / "manifests" / "image" / "packages").read_text().split():
            self.assertIn(package, recipe)
        for part in ("packages", "prepare", "clean", "excludes"):
            self.assertIn(f"manifests/image/{part}", containerfile)

    def test_what_is_gathered_lies_where_the_programs_look_for_it(self):
        build = self.folder / "build" / "bin"
        build.mkdir(parents=True)
        gather = ROOT / "manifests" / "image" / "gather"
        for name in subprocess.run([gather, "--programs"], check=True, capture_output=True, text=True).stdout.split():
            (build / name).write_bytes(pathlib.Path("/bin/true").read_bytes())
        subprocess.run([gather, "build", "root"], check=True, cwd=self.folder)
        there = self.folder / "root" / "usr" / "lib" / "chatcluster"
        self.assertEqual((there / "bin" / "kubectl-chat").readlink(), pathlib.Path("chatctl"))
        wanted = sorted(path.name for path in (ROOT / "migrations").glob("*.sql"))
        self.assertEqual(sorted(path.name for path in (there / "share" / "migrations").iterdir()), wanted)
        self.assertTrue((there / "share" / "web" / "index.html").is_file())
        self.assertEqual((there / "share" / "web" / "index.html").stat().st_mode & 0o777, 0o644)


if __name__ == "__main__":
    unittest.main()
