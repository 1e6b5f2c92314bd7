"""The README's tour, command by command, as a stranger would type it."""

import os
import re
import subprocess
import unittest

from daemon import TOP, Daemon, Scenario

# What differs from one run to the next: ages such as 12m, and times.
CHANGING = re.compile(r"^(\d+[smhd]|\d{4}-\d\d-\d\dT[\d:.]+Z)$")


def console_blocks(text):
    """The (command, output lines) pairs of all ```console blocks, in order."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            command = [lines.pop(0)]
            # A command goes on while a single quote is open.
            while "\n".join(command).count("'") % 2 == 1:
                command.append(lines.pop(0))
            steps.append(("\n".join(command), lines))
    return steps


def words(line):
    return ["<changes>" if CHANGING.match(word) else word for word in line.split()]


def matches(shown, said):
    """`…` alone on a line stands for any lines, at a line's end for any rest of it."""
    said = said.splitlines()
    for index, line in enumerate(shown):
        if line == "…":
            rest = shown[index + 1:]
            return not rest or any(matches(rest, "\n".join(said[i:])) for i in range(index, len(said)))
        if index >= len(said):
            return False
        if line.endswith("…"):
            if not " ".join(said[index].split()).startswith(" ".join(line[:-1].split())):
                return False
        elif words(line) != words(said[index]):
            return False
    return len(said) == len(shown)


class Readme(Scenario):
    def test_the_tour_shows_what_it_says(self):
        steps = console_blocks((TOP / "README.md").read_text())
        self.assertGreaterEqual(len(steps), 8)
        # The shipped configuration and rules, but for the address and the store's folder.
        tocsin = Daemon(self.folder, rules="{}")
        self.addCleanup(self.end, tocsin)
        shipped = (TOP / "config" / "tocsin.yaml").read_text()
        self.assertIn("127.0.0.1:9911", shipped)
        shipped = shipped.replace("9911", str(tocsin.port)).replace("path: var ", f"path: {tocsin.store} ")
        tocsin.config.write_text(shipped.replace("[../rules]", f"[{TOP / 'rules'}]"))
        tocsin.start()
        for command, shown in steps:
            with self.subTest(command=command):
                said = subprocess.run(["bash", "-c", command.replace("9911", str(tocsin.port))], cwd=TOP, text=True,
                                      env={**os.environ, "TOCSIN_URL": tocsin.url}, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=30, check=False)
                self.assertEqual(said.returncode, 0, said.stdout)
                self.assertTrue(matches(shown, said.stdout), f"README shows\n{shown}\nbut it says\n{said.stdout}")


if __name__ == "__main__":
    unittest.main()
