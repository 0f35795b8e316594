"""The source bundle: a sound zip that holds exactly the unpacked tree beside it, the same bytes on every machine."""

import io
import shutil
import subprocess
import unittest
import zipfile

from support import ROOT, compiled, goldens, scratch, tree

HOOKS = (".platform/hooks/", ".platform/confighooks/")
LIMIT_BYTES = 500 * 1024 * 1024


def faults(archive):
    """What is wrong with an open archive, whatever it holds."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if archive.testzip():
        yield f"bad checksum: {archive.testzip()}"
    if names != sorted(names):
        yield "entries are not sorted"
    if len(set(names)) != len(names):
        yield "an entry stands twice"
    if "Dockerrun.aws.json" not in names and "docker-compose.yml" not in names:
        yield "nothing to run at the top"
    for entry in entries:
        mode = entry.external_attr >> 16 & 0o777
        wanted = 0o755 if entry.filename.startswith(HOOKS) or entry.is_dir() else 0o644
        if mode not in ({0o755} if wanted == 0o755 else {0o644, 0o755}):
            yield f"{entry.filename}: mode {mode:o}, not {wanted:o}"
        if entry.date_time != (1980, 1, 1, 0, 0, 0):
            yield f"{entry.filename}: dated {entry.date_time}"
        if entry.filename.startswith("/") or ".." in entry.filename.split("/") or "\\" in entry.filename:
            yield f"{entry.filename}: outside"
        if entry.create_system != 3:
            yield f"{entry.filename}: modes are not Unix modes"


class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = compiled("dev") / "bundle.zip"
        cls.archive = zipfile.ZipFile(cls.path)

    def test_it_is_sound_sorted_dated_and_has_the_right_modes(self):
        self.assertEqual([], list(faults(self.archive)))
        self.assertLess(self.path.stat().st_size, LIMIT_BYTES)

    def test_unzip_agrees(self):
        """Info-ZIP's own test where the machine has it; another reader than Python's must not stumble either."""
        unzip = shutil.which("unzip")
        if unzip:
            done = subprocess.run([unzip, "-t", self.path], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout)
        else:
            room = scratch()
            self.archive.extractall(room)
            self.assertEqual(len(self.archive.namelist()), len(tree(room)))

    def test_it_holds_the_unpacked_tree(self):
        unpacked = {name: content for name, (_, content) in tree(compiled("dev") / "bundle").items()}
        zipped = {entry.filename: self.archive.read(entry) for entry in self.archive.infolist() if not entry.is_dir()}
        self.assertEqual(unpacked, zipped)

    def test_unpacked_modes_are_those_of_the_zip(self):
        unpacked = {name: bool(mode & 0o100) for name, (mode, _) in tree(compiled("dev") / "bundle").items()}
        zipped = {entry.filename: bool(entry.external_attr >> 16 & 0o100) for entry in self.archive.infolist() if not entry.is_dir()}
        self.assertEqual(unpacked, zipped)

    def test_no_golden_holds_a_zip(self):
        self.assertEqual([], [path for area in ("fixtures", "tests") for path in (ROOT / area).rglob("*.zip")])
        self.assertTrue(any((golden / "Dockerrun.aws.json").exists() for golden in goldens()), "the bundle's golden is its tree")


class TheJudgeItself(unittest.TestCase):
    def made(self, *entries):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, mode, date in entries:
                entry = zipfile.ZipInfo(name, date)
                entry.external_attr = (0o100000 | mode) << 16
                archive.writestr(entry, b"x")
        return zipfile.ZipFile(buffer)

    def test_each_fault_is_seen(self):
        then = (1980, 1, 1, 0, 0, 0)
        run = ("Dockerrun.aws.json", 0o644, then)
        self.assertEqual([], list(faults(self.made((".platform/hooks/a", 0o755, then), run))))
        for said, entries in {
            "not sorted": [run, ("A", 0o644, then)],
            "mode 644, not 755": [(".platform/hooks/a", 0o644, then), run],
            "mode 600": [("A", 0o600, then), run],
            "dated": [("A", 0o644, (2026, 1, 1, 0, 0, 0)), run],
            "nothing to run": [("A", 0o644, then)],
            "outside": [("../A", 0o644, then), run],
        }.items():
            with self.subTest(said):
                self.assertIn(said, " ".join(faults(self.made(*entries))))
