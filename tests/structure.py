"""The house itself: floors, third-party headers, sizes, headers that stand alone, registered tests, generated pages."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"base": 0, "kernel": 1, "mesh": 2, "past": 3, "cloud": 3, "drift": 4, "continuum": 4, "files": 4, "run": 5, "study": 6, "app": 7}
# header -> the only places that may include it
THIRD_PARTY = {
    r"hdf5\.h": ["src/files/"],
    r"petsc\w*\.h": ["src/continuum/"],
    r"fftw3\.h": ["src/mesh/transform_lanes.h"],
    r"ini\.h": ["src/app/read.c"],
    r"Random123/.*": ["src/kernel/noise.c"],
    r"xxhash\.h": ["src/files/"],
    r"immintrin\.h": ["src/drift/lanes.h"],
}
LONGEST_FUNCTION = 80
LONGEST_FILE = 400


def sources(*patterns):
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def includes(path):
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.M)


def room_of_header(name):
    """The room of a public header: that of the source of the same name."""
    found = list(ROOT.glob(f"src/*/{name}.c"))
    return found[0].parent.name if found else None


def functions(text):
    """(name, lines) of every function definition: its header begins in column 0, its braces stand alone there."""
    lines = text.split("\n")
    start = None
    for k, line in enumerate(lines):
        if re.match(r"^[A-Za-z_].*\(", line) and not line.rstrip().endswith(";"):
            start = k
        if line == "}" and start is not None:
            yield lines[start], k - start + 1
            start = None


class Structure(unittest.TestCase):
    def test_a_file_includes_only_floors_below_its_own(self):
        for path in sources("src/*/*.c", "src/*/*.h"):
            room = path.parent.name
            for name in includes(path):
                public = re.fullmatch(r"mnemotaxis/(\w+)\.h", name)
                private = (path.parent / name).exists()
                if public:
                    other = room_of_header(public.group(1))
                    self.assertIsNotNone(other, f"{path}: whose header is {name}?")
                    if other != room:
                        self.assertLess(FLOORS[other], FLOORS[room], f"{path} includes {name} of {other}")
                elif "/" in name and not private and (ROOT / "src" / name).exists():
                    self.fail(f"{path} includes a private header of another room: {name}")

    def test_public_headers_include_only_floors_below_their_own(self):
        for path in sources("include/mnemotaxis/*.h"):
            room = room_of_header(path.stem)
            for name in includes(path) if room else []:
                public = re.fullmatch(r"mnemotaxis/(\w+)\.h", name)
                other = room_of_header(public.group(1)) if public else None
                if other and other != room:
                    self.assertLess(FLOORS[other], FLOORS[room], f"{path} includes {name}")

    def test_third_party_headers_stay_beside_their_user(self):
        for path in sources("src/*/*.c", "src/*/*.h", "include/mnemotaxis/*.h"):
            place = str(path.relative_to(ROOT))
            for name in includes(path):
                for pattern, allowed in THIRD_PARTY.items():
                    if re.fullmatch(pattern, name):
                        self.assertTrue(any(place.startswith(a) for a in allowed), f"{place} includes {name}")

    def test_the_world_communicator_appears_in_main_only(self):
        for path in sources("src/*/*.c", "src/*/*.h", "include/mnemotaxis/*.h"):
            if path.name != "main.c":
                self.assertIsNone(re.search(r"\bMPI_COMM_WORLD\b", path.read_text()), str(path))

    def test_no_function_is_longer_than_a_screen(self):
        lengths = []
        for path in sources("src/*/*.c"):
            for header, lines in functions(path.read_text()):
                lengths.append(lines)
                self.assertLessEqual(lines, LONGEST_FUNCTION, f"{path}: {header}")
        self.assertGreater(len(lengths), 200, "the parser of this test finds too few functions")
        self.assertLessEqual(sorted(lengths)[len(lengths) // 2], 15, "median length of a function")

    def test_no_file_is_longer_than_allowed(self):
        for path in sources("src/*/*.c", "src/*/*.h", "include/mnemotaxis/*.h", "tests/*.c"):
            self.assertLessEqual(len(path.read_text().split("\n")) - 1, LONGEST_FILE, str(path))

    def test_headers_compile_alone_in_c_and_cxx(self):
        flags = subprocess.run(["pkg-config", "--cflags", "ompi-c"], capture_output=True, text=True, check=True).stdout.split()
        for path in sources("include/mnemotaxis/*.h"):
            for compiler in (["cc", "-std=c17", "-x", "c"], ["c++", "-std=c++17", "-x", "c++"]):
                command = [*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-DOMPI_SKIP_MPICXX",
                           f"-I{ROOT}/include", *[f.replace("-I", "-isystem") for f in flags], str(path)]
                done = subprocess.run(command, capture_output=True, text=True)
                errors = [line for line in done.stderr.split("\n") if "pragma once" not in line]
                self.assertEqual(done.returncode, 0, "\n".join(errors))

    def test_every_test_program_is_registered(self):
        listed = (ROOT / "tests" / "CMakeLists.txt").read_text()
        for path in sources("tests/test_*.c"):
            self.assertTrue(re.search(rf"mnemotaxis_test\({path.stem[5:]}[ )]", listed), f"{path} is not registered")
        for path in sources("tests/e2e_*.py"):
            self.assertTrue(path.stem in listed, f"{path} is not registered")

    def test_the_umbrella_header_includes_all_others(self):
        umbrella = (ROOT / "include/mnemotaxis/mnemotaxis.h").read_text()
        for path in sources("include/mnemotaxis/*.h"):
            if path.name != "mnemotaxis.h":
                self.assertIn(f"<mnemotaxis/{path.name}>", umbrella)

    def test_pages_that_are_generated_equal_the_help(self):
        program = os.environ["MNEMOTAXIS"]
        for topic, page in (("config", "docs/configuration.md"), ("files", "docs/format.md")):
            text = subprocess.run([program, "help", topic], capture_output=True, text=True, check=True).stdout
            self.assertTrue(text in (ROOT / page).read_text(), f"{page} is not what `mnemotaxis help {topic}` prints")

    def test_the_default_of_the_key_prices_is_what_the_code_calls_usual(self):
        usual = re.search(r"mn_prices_usual = \{(.*?)\}", (ROOT / "src/drift/prices.c").read_text()).group(1)
        text = re.search(r'"prices".*?fallback = "(.*?)"', (ROOT / "src/app/keys.c").read_text()).group(1)
        self.assertEqual([float(x.split("=")[1]) for x in usual.split(",")], [float(x) for x in text.split()])


if __name__ == "__main__":
    sys.argv.append("-v")
    unittest.main()
