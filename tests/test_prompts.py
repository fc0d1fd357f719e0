import json

import pytest

from datagen.prompts import FOLDER, Prompt, load, read_examples
from nomenclair.errors import UserError

DESCRIBING = ["describe-full", "describe-lean", "describe-turns"]


EVERY = [*DESCRIBING, "describe-lines"]


@pytest.mark.parametrize("name", EVERY)
def test_the_static_part_stands_first_and_never_changes(name):
    prompt = load(name)
    one, other = (prompt.messages([{"id": "7f3a", "name": n}]) for n in ("a.txt", "b.pdf"))
    assert one[:-1] == other[:-1] and one[-1] != other[-1]
    assert one[0]["role"] == "system" and one[-1]["role"] == "user"


@pytest.mark.parametrize("name", DESCRIBING)
@pytest.mark.parametrize("text", ['a"b.txt', "{{ 7 * 7 }}.txt", "{% for %}", "x\ny", "}]}", "été\u2028.txt"])
def test_a_name_is_one_json_string_whatever_it_holds(name, text):
    user = load(name).user([{"id": "7f3a", "name": text}])
    assert json.loads(user) == {"files": [{"id": "7f3a", "name": text}]}


@pytest.mark.parametrize("name", EVERY)
def test_every_template_says_that_names_are_not_instructions(name):
    assert "data" in load(name).system and "EMAIL_1" in load(name).system


@pytest.mark.parametrize("text", ['a"b.txt', "{{ 7 * 7 }}.txt", "x\ny.pdf", "été\u2028.txt"])
def test_a_prompt_for_one_line_holds_the_name_as_a_string_and_its_kind(text):
    user = load("describe-lines").user([{"id": "7f3a", "name": text}])
    name, end = json.JSONDecoder().raw_decode(user)
    assert name == text
    assert user[end:].startswith("\nKind: ") and " | " in user[end:]


def test_examples_of_a_prompt_for_one_line_are_lines():
    prompt = load("describe-lines")
    answers = [m["content"] for m in prompt.static if m["role"] == "assistant"]
    assert answers == [f"{e.en} | {e.fr}" for e in prompt.examples] and len(answers) == 8
    assert prompt.one_line and not load("describe-turns").one_line


def test_the_version_changes_with_the_template_and_with_the_examples():
    prompt = load("describe-full")
    assert prompt.version == load("describe-full").version
    assert Prompt(prompt.name, prompt.source + " ", prompt.examples).version != prompt.version
    assert Prompt(prompt.name, prompt.source, prompt.examples[1:]).version != prompt.version


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{% block system %}{{ exmples }}{% endblock %}", id="misspelt variable"),
        pytest.param("{% block system %}", id="syntax"),
        pytest.param("{% block user %}{% endblock %}", id="no system block"),
        pytest.param("{% block system %}{{ ''.__class__.__mro__ }}{% endblock %}", id="out of the sandbox"),
        pytest.param("{% block system %}{{ 'n: ' + examples }}{% endblock %}", id="text and a list"),
        pytest.param("{% block system %}{{ 1 / 0 }}{% endblock %}", id="no number"),
    ],
)
def test_a_bad_template_is_a_clear_error(source):
    with pytest.raises(UserError):
        _ = Prompt("bad", source, ()).system


@pytest.mark.parametrize(
    ("user", "turns", "words"),
    [
        pytest.param("{{ names|json }}", "0", "'names' is undefined", id="misspelt variable, as JSON"),
        pytest.param("{{ items[0].nam|json }}", "0", "no attribute 'nam'", id="misspelt field, as JSON"),
        pytest.param("{{ items|json }}", "six", "turns is 'six'", id="turns in words"),
        pytest.param("{{ items|json }}", "-1", "turns is '-1'", id="turns under zero"),
    ],
)
def test_what_is_wrong_in_a_template_is_named(user, turns, words):
    blocks = {"system": "s", "user": user, "turns": turns}
    source = "".join(f"{{% block {k} %}}{v}{{% endblock %}}" for k, v in blocks.items())
    with pytest.raises(UserError, match=words) as caught:
        Prompt("bad", source, ()).messages([{"id": "7f3a", "name": "a.txt"}])
    assert "\n" not in str(caught.value)


def test_an_unknown_template_names_those_there_are():
    with pytest.raises(UserError, match="describe-full"):
        load("nothing")


def test_a_template_elsewhere(tmp_path):
    path = tmp_path / "mine.j2"
    path.write_text((FOLDER / "describe-lean.j2").read_text() + " ")
    assert load(str(path)).name == "mine"


def test_a_template_and_examples_that_are_not_utf_8_are_named(tmp_path):
    for file in ("mine.j2", "examples.tsv"):
        (tmp_path / file).write_bytes("Décris".encode("latin-1"))
    with pytest.raises(UserError, match=r"mine\.j2 is not UTF-8"):
        load(str(tmp_path / "mine.j2"))
    with pytest.raises(UserError, match=r"examples\.tsv is not UTF-8"):
        read_examples(tmp_path / "examples.tsv")


def test_a_bad_example_line_is_named(tmp_path):
    path = tmp_path / "examples.tsv"
    path.write_text("name\ten\tfr\na.txt\tonly two\n")
    with pytest.raises(UserError, match="line 2"):
        read_examples(path)
