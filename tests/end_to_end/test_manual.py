"""Man pages and shell completion know every verb and flag that the binary shows."""

import os
import re
import shlex
import shutil
import subprocess
import unittest

from daemon import BINARY, TOP


def help_of(*verb):
    return subprocess.run([BINARY, *verb, "--help"], capture_output=True, text=True, check=True, timeout=30).stdout


def names(help_text, part):
    found = re.search(rf"^{part}:\n((?:  .*\n)+)", help_text, re.MULTILINE)
    return re.findall(r"^  (\S+)", found.group(1), re.MULTILINE) if found else []


def verbs(*above):
    """Every verb with its words and flags, groups such as `incident` included."""
    text = help_of(*above)
    flags = [flag for one in names(text, "Options") for flag in one.split(",") if flag.startswith("-")]
    yield above, names(text, "Subcommands"), flags
    for name in names(text, "Subcommands"):
        yield from verbs(*above, name)


def rendered(page):
    text = subprocess.run([TOP / "man" / "render", TOP / "man" / f"{page}.in", BINARY], capture_output=True, text=True,
                          check=True, timeout=60).stdout
    shown = subprocess.run(["man", "--warnings", "--local-file", "-"], input=text, capture_output=True, text=True,
                           check=True, timeout=60,
                           env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-c", "PAGER": "cat"})
    return re.sub(r".\x08", "", shown.stdout), shown.stderr


class ManPages(unittest.TestCase):
    def test_the_page_of_tocsin_names_every_verb_and_flag(self):
        page, complaints = rendered("tocsin.1")
        self.assertEqual(complaints, "")
        for words, below, flags in verbs():
            if below and not set(flags) - {"-h", "--help"}:
                continue  # A mere group of verbs.
            with self.subTest(verb=words):
                start = page.index(f"\n   tocsin {' '.join(words)}\n")
                text = page[start:page.find("\n   tocsin ", start + 1)]
                for flag in set(flags) - {"-h", "--help"}:
                    self.assertIn(flag, text)

    def test_the_pages_of_files_show_them_to_the_letter(self):
        for page, shown in (("tocsin.yaml.5", [TOP / "config" / "tocsin.yaml"]),
                            ("tocsin-rules.5", [*sorted((TOP / "rules").glob("*.yaml")), TOP / "rules" / "tests" / "how-to.yaml"])):
            text, complaints = rendered(page)
            self.assertEqual(complaints, "")
            lines = {line.strip() for line in text.splitlines()}
            for file in shown:
                for line in file.read_text().splitlines():
                    self.assertIn(line.strip(), lines, file.name)


class Completion(unittest.TestCase):
    def candidates(self, shell, script, words):
        """What the script offers behind these words."""
        path = f"{BINARY.parent}:{os.environ['PATH']}"
        script = str(TOP / "completion" / script)
        if shell == "fish":
            command = ["fish", "--no-config", "-c", f"source {script}; complete -C 'tocsin {' '.join(words + [''])}'"
                       f"; complete -C 'tocsin {' '.join(words + ['-'])}'"]
        else:
            command = [shell, "-c", f"source {script}; _tocsin_candidates {' '.join(words)}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env={**os.environ, "PATH": path})
        self.assertEqual(done.stderr, "")
        return {re.split(r"[\t:]", line)[0] for line in done.stdout.splitlines()}

    def check(self, shell, script):
        if shutil.which(shell) is None:
            self.fail(f"{shell} is missing; deploy/packages tests installs it")
        for words, below, flags in verbs():
            with self.subTest(shell=shell, verb=words):
                self.assertEqual(self.candidates(shell, script, list(words)), set(below) | set(flags))

    def test_bash_is_offered_every_verb_and_flag(self):
        self.check("bash", "tocsin.bash")

    def test_zsh_is_offered_every_verb_and_flag(self):
        self.check("zsh", "tocsin.zsh")

    def test_fish_is_offered_every_verb_and_flag(self):
        self.check("fish", "tocsin.fish")

    def in_bash(self, *lines):
        """What bash offers for the last word of each line."""
        script = f"source {TOP}/completion/tocsin.bash; " + "; ".join(
            f'COMP_WORDS=({line}); COMP_CWORD={len(shlex.split(line)) - 1}; _tocsin; echo "${{COMPREPLY[@]}}"' for line in lines)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=30, cwd=TOP,
                              env={**os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}"})
        return done.stdout.splitlines()

    def test_bash_completes_a_word_that_has_begun(self):
        self.assertEqual(self.in_bash("tocsin incident ac", "tocsin alert list -o j", "tocsin test -o t"),
                         ["ack", "json", "text tap"])

    def test_bash_completes_files_where_a_file_is_meant(self):
        lines = ["tocsin check --config LIC", "tocsin incident list --ca-file LIC", "tocsin backup LIC", "tocsin restore LIC", "tocsin test LIC",
                 "tocsin restore --config tocsin.yaml LIC"]
        self.assertEqual(self.in_bash(*lines), ["LICENSE"] * len(lines))
        self.assertEqual(self.in_bash("tocsin backup --con", "tocsin incident LIC"), ["--config", ""])

    def test_zsh_and_fish_complete_files_behind_flags_that_name_one(self):
        for flag in ("--config", "--token-file", "--ca-file", "--rules"):
            for shell, script, offered in (
                    ("zsh", f"_files() {{ echo files; }}; words=(tocsin check {flag} LIC); CURRENT=4; _tocsin", "files"),
                    ("fish", f"complete -C 'tocsin check {flag} LIC'", "LICENSE")):
                options = ["--no-config"] if shell == "fish" else ["--no-rcs"]
                done = subprocess.run([shell, *options, "-c", f"source {TOP}/completion/tocsin.{shell}; {script}"],
                                      capture_output=True, text=True, check=True, timeout=30, cwd=TOP)
                self.assertEqual(done.stdout.split(), [offered], (shell, flag, done.stderr))


if __name__ == "__main__":
    unittest.main()
