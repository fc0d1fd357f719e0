"""The page: over HTTP, its colors, and in a browser."""

import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass

import pytest

from nomenclair.records import name_id
from review.desk import Desk, DeskRow
from review.server import PAGE, as_json, listening
from review.words import read_words
from tests.reviewing import BAD, PAIRS, pair


@pytest.fixture
def page(tmp_path):
    desk = Desk(tmp_path / "reviewed.parquet", PAIRS, {}, "marie", {})
    with listening(desk) as (url, server):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield url, desk
        server.shutdown()
        thread.join()


def ask(url: str, body: dict | None = None, host: str = "") -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_each_verdict_is_on_disk_before_it_is_answered_and_undo_takes_it_back(page):
    url, desk = page
    _, got = ask(url + "rows")
    shown = got["rows"][0]
    assert shown["name"] == BAD.name
    verdict = {**{k: shown[k] for k in ("id", "fr", "en", "note", "seen")}, "verdict": "dropped"}
    assert ask(url + "verdict", verdict)[1]["verdict"] == "dropped"
    assert read_words(desk.path)[BAD.id].by == "marie"
    assert ask(url + "verdict", verdict)[0] == 409, "the page shows a state that is past"
    assert ask(url + "undo", {})[1]["verdict"] == ""
    assert read_words(desk.path) == {} and ask(url + "undo", {})[1] == {}


@pytest.mark.parametrize(
    ("path", "host"),
    [
        pytest.param("/rows", "", id="no token"),
        pytest.param("/wrong/rows", "", id="wrong token"),
        pytest.param(None, "evil.example:80", id="another host's name for this machine"),
    ],
)
def test_strangers_see_nothing(page, path, host):
    url, _ = page
    base = url.rsplit("/", 2)[0]
    assert ask(base + path if path else url + "rows", host=host)[0] == 404


def test_a_request_that_makes_no_sense_is_refused(page):
    url, desk = page
    assert ask(url + "verdict", {"id": "n0"})[0] == 400
    assert ask(url + "verdict", dict.fromkeys(("id", "verdict", "fr", "en", "note", "seen"), "x"))[0] == 409
    assert not desk.path.exists()


def test_hidden_characters_of_a_name_are_shown_as_in_the_sheet():
    row = DeskRow(pair("a\u202egpj\n.exe", "Program", "Programme"), None, [])
    assert as_json(row)["name"] == "a\\u{202e}gpj\\n.exe"


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(2 * c for c in color)
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("name", "scheme", "other"),
    [
        pytest.param("good", 0, "fff", id="white on the keep button"),
        pytest.param("bad", 0, "fff", id="white on the drop button"),
        pytest.param("hint", 0, "fff", id="hints in the light"),
        pytest.param("error", 0, "fff", id="errors in the light"),
        pytest.param("hint", 1, "1c1b22", id="hints in the dark (Firefox, the lighter of the browsers')"),
        pytest.param("error", 1, "1c1b22", id="errors in the dark"),
    ],
)
def test_colors_of_the_page_can_be_read(name, scheme, other):
    """WCAG AA for text: 4.5 to 1."""
    color = re.findall(rf"--{name}: #(\w+);", PAGE.read_text(encoding="utf-8"))[scheme]
    dark, light = sorted((luminance(color), luminance(other)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@dataclass(frozen=True, slots=True)
class Browser:
    """Chromium on the page of a desk."""

    driver: object
    desk: Desk

    def element(self, name: str):
        return self.driver.find_element("id", name)

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def wait(self, until):
        """Until the function of the driver gives something true, which is returned; an error after 20 seconds."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 20).until(until)


@pytest.fixture
def browser(page):
    """Chromium on the page."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.fail("Chromium is missing: apt-get install --no-install-recommends chromium chromium-driver")
    from selenium import webdriver

    url, desk = page
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.get(url)
        yield Browser(driver, desk)
        errors = [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]
        assert [e for e in errors if "favicon" not in e] == []
    finally:
        driver.quit()


@pytest.mark.slow
def test_the_page_by_keyboard_alone(browser):
    """Edit French, keep, drop, undo, filter; no mouse."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    driver, desk = browser.driver, browser.desk
    element, press, wait = browser.element, browser.press, browser.wait

    def until_named(name):
        wait(lambda _: element("name").text == name)

    until_named(BAD.name)
    assert "refusal" in element("flags").text
    press("d")
    wait(lambda _: read_words(desk.path).get(BAD.id))
    wait(lambda _: element("name").text != BAD.name)
    second = element("name").text
    press("f")
    press(Keys.END, " corrigé")
    ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    wait(lambda _: len(read_words(desk.path)) == 2)
    assert read_words(desk.path)[name_id(second)].fr.endswith(" corrigé")
    wait(lambda _: element("count").text == "2 of 3 judged")
    press("u")
    wait(lambda _: len(read_words(desk.path)) == 1)
    until_named(second)
    Select(element("filter")).select_by_value("refusal")
    wait(lambda _: element("count").text == "1 of 1 judged")


@pytest.mark.slow
def test_the_page_drops_no_word_and_takes_one_step_at_a_time(browser):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.expected_conditions import alert_is_present
    from selenium.webdriver.support.ui import Select

    driver, desk = browser.driver, browser.desk
    element, press, wait = browser.element, browser.press, browser.wait

    def at_once(*keys):
        """Press keys before any answer can come; a key in capitals is one that is held down."""
        driver.execute_script(
            "for (const key of arguments) document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " { key: key.toLowerCase(), repeat: key !== key.toLowerCase(), bubbles: true }));",
            *keys,
        )

    wait(lambda _: element("name").text == BAD.name)
    at_once("d", "d", "n")
    wait(lambda _: element("said").text.startswith("2 / 3"))
    at_once("K", "N")
    assert element("said").text.startswith("2 / 3") and set(read_words(desk.path)) == {BAD.id}

    second = element("name").text
    press("f", Keys.END, " corrigé", Keys.ESCAPE)
    typed = element("fr").get_property("value")
    for leave in (lambda: press("u"), lambda: Select(element("filter")).select_by_value("refusal")):
        leave()
        wait(alert_is_present()).dismiss()
        assert (element("name").text, element("fr").get_property("value")) == (second, typed)
        assert Select(element("filter")).first_selected_option.get_property("value") == "all"
    assert set(read_words(desk.path)) == {BAD.id}

    element("note").send_keys("one", Keys.ENTER, "two", Keys.ESCAPE)
    press("k")
    wait(lambda _: element("said").text.startswith("3 / 3"))
    assert read_words(desk.path)[name_id(second)].note == "one\ntwo"
    press("p")
    assert element("name").text == second and element("error").text == "", "a kept line break asks nothing"
    press("n")
    assert element("said").text.startswith("3 / 3")
