import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nomenclair import SHIPPED, Student
from nomenclair.cli import app
from nomenclair.cli.describe import one_line
from nomenclair.cli.host import converse, file_names
from nomenclair.contract import CONTRACT_VERSION
from nomenclair.errors import UserError
from nomenclair.workspace import REPOSITORY

NOMENCLAIR = Path(sys.executable).with_name("nomenclair")


def run(*command, given=""):
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NOMENCLAIR": str(NOMENCLAIR)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def student(student_folder):
    return Student.load(student_folder)


@pytest.fixture
def folder(tmp_path):
    for name in ("b.pdf", "facture été.csv", "two\nlines.txt"):
        (tmp_path / name).touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9t\xe9.txt")).touch()
    (tmp_path / "subfolder.d").mkdir()
    return tmp_path


def test_file_names_leave_out_folders_and_mend_bytes(folder):
    assert file_names(folder) == ["b.pdf", "facture été.csv", "two\nlines.txt", "été.txt"]


def test_a_link_in_a_circle_hides_no_other_name(tmp_path):
    (tmp_path / "b.pdf").touch()
    os.symlink("circle", tmp_path / "circle")
    assert file_names(tmp_path) == ["b.pdf", "circle"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="cannot be listed"):
        file_names(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("a\n\x1b[2Jé", "a��[2Jé", id="line break and terminal code"),
        pytest.param("photo\u202egpj.exe", "photo�gpj.exe", id="turned-around order"),
        pytest.param("a\u00a0b 📷\u200d", "a\u00a0b 📷\u200d", id="odd but harmless"),
        pytest.param("\udce9t\udce9.txt", "été.txt", id="bytes that are not UTF-8"),
    ],
)
def test_one_line_steers_no_terminal(name, shown):
    assert one_line(name) == shown


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
@pytest.mark.parametrize("by", ["argument", "standard input"])
@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_a_name_of_any_bytes_is_described(student_folder, encoding, by, flags):
    name = b"\xe9t\xe9.pdf"
    done = subprocess.run(
        [NOMENCLAIR, "describe", name if by == "argument" else "-", *flags, "--student", student_folder],
        input=name + b"\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    shown = "?t?.pdf" if encoding.startswith("ascii") and not flags else "été.pdf"
    assert shown in done.stdout.decode()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_ls_says_what_describe_says(student, student_folder, folder, lang):
    lines = run(NOMENCLAIR, "ls", folder, "--lang", lang, "--student", student_folder)
    names = file_names(folder)
    expected = zip(map(one_line, names), student.describe(names, lang), strict=True)
    assert lines == ["\t".join(row) for row in expected]


@pytest.fixture
def place_taken(monkeypatch):
    """Where a command would load its student from."""

    def loading(folder):
        raise UserError("loading", str(folder))

    monkeypatch.setattr(Student, "load", loading)

    def ask(*args, **variables):
        clean = {"NOMENCLAIR_STUDENT": None, "NOMENCLAIR_WORKSPACE": None, **variables}
        done = CliRunner().invoke(app, list(map(str, args)), env=clean)
        assert isinstance(done.exception, UserError), done.output
        return Path(done.exception.cure)

    return ask


@pytest.mark.parametrize("command", [("describe", "a.pdf"), ("ls", "."), ("serve",)], ids=lambda c: c[0])
def test_which_student_is_taken(place_taken, tmp_path, command):
    made, empty = tmp_path / "made", tmp_path / "empty"
    (made / "student").mkdir(parents=True)
    assert place_taken(*command, "--workspace", made) == made / "student"
    assert place_taken(*command, NOMENCLAIR_WORKSPACE=str(made)) == made / "student", "as all commands"
    assert place_taken(*command, "-w", empty) == SHIPPED, "a host needs no workspace"
    assert place_taken(*command, "-w", made, "--student", "s") == Path("s"), "the one that was named"


def test_no_student_names_the_place_looked_at(monkeypatch, tmp_path):
    monkeypatch.setattr("nomenclair.cli.describe.SHIPPED", tmp_path / "none")
    done = CliRunner().invoke(
        app, ["describe", "a.pdf", "-w", str(tmp_path)], env={"NOMENCLAIR_STUDENT": None}
    )
    assert f"neither {tmp_path / 'student'} nor" in str(done.exception)


def conversation(student, *requests):
    out = io.StringIO()
    converse(student, requests, out)
    ready, *answers = map(json.loads, out.getvalue().splitlines())
    assert ready == {"ready": True, "contract": CONTRACT_VERSION, "languages": ["fr", "en"]}
    return answers


def test_serve_answers_in_order(student):
    asked = [json.dumps({"id": lang, "names": ["a.pdf", "é.sh"], "lang": lang}) for lang in ("fr", "en")]
    answers = conversation(student, *asked)
    for answer, lang in zip(answers, ("fr", "en"), strict=True):
        assert answer["id"] == lang
        assert answer["texts"] == student.describe(["a.pdf", "é.sh"], lang)
        assert all(score <= 0 for score in answer["scores"])


@pytest.mark.parametrize(
    ("request_line", "says"),
    [
        pytest.param("{", "not JSON", id="cut off"),
        pytest.param("[" * 100_000, "not JSON", id="nested without end"),
        pytest.param("[]", "not a JSON object", id="a list"),
        pytest.param('{"names": "a.pdf", "lang": "fr"}', "list of texts", id="a text for names"),
        pytest.param('{"names": [1], "lang": "fr"}', "list of texts", id="a number for a name"),
        pytest.param('{"names": ["a.pdf"], "lang": "de"}', "Unknown language", id="unknown language"),
        pytest.param('{"names": ["a.pdf"], "lang": ["fr"]}', "Unknown language", id="a list for language"),
        pytest.param('{"names": ["a.pdf"]}', "Unknown language", id="no language"),
    ],
)
def test_a_bad_request_ends_nothing(student, request_line, says):
    bad, good = conversation(student, request_line, '{"id": 2, "names": [], "lang": "fr"}')
    assert says in bad["error"]
    assert good == {"id": 2, "texts": [], "scores": []}


def test_serve_over_pipes(student, student_folder):
    request = json.dumps({"id": 1, "names": ["été.pdf"], "lang": "fr"}, ensure_ascii=False)
    _, answer = map(json.loads, run(NOMENCLAIR, "serve", "--student", student_folder, given=request + "\n"))
    assert answer["texts"] == student.describe(["été.pdf"], "fr")


def test_python_example(student, student_folder, tmp_path):
    (tmp_path / "a.pdf").touch()
    (tmp_path / os.fsdecode(b"\xe9t\xe9.txt")).touch()  # an old Western name
    (tmp_path / "folder").mkdir()
    lines = run(sys.executable, REPOSITORY / "examples" / "embed.py", student_folder, tmp_path)
    texts = {
        name: [student.describe([name], lang)[0] for lang in ("fr", "en")] for name in ("a.pdf", "été.txt")
    }
    assert lines == ["\t".join([name, *told]) for name, told in texts.items()]


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_node_example(student, student_folder):
    lines = run("node", REPOSITORY / "examples" / "serve.mjs", student_folder, "é.pdf")
    assert lines == [f"é.pdf\t{lang}\t{student.describe(['é.pdf'], lang)[0]}" for lang in ("fr", "en")]
