"""Nothing that is masked leaves the machine; what is harmless stays readable; what was masked comes back."""

import json
import unicodedata
from itertools import permutations

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen.generate import Options
from datagen.privacy import mask, read_people
from nomenclair.errors import UserError
from nomenclair.names import fold
from nomenclair.records import FileName
from tests.generating import ask, pairs_of, workspace_with
from tests.stub_endpoint import StubEndpoint, files_of, serving


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("cv_jean.dupont@free.fr.pdf", "EMAIL_1.pdf"),
        ("backup john@acme.com", "backup EMAIL_1"),
        ("appel 06 12 34 56 78.m4a", "appel PHONE_1.m4a"),
        ("appel_06_12_34_56_78.m4a", "appel_PHONE_1.m4a"),
        ("call_+33612345678.wav", "call_PHONE_1.wav"),
        ("9DC08797A0F63F7C.pem", "HEX_1.pem"),
        ("deadbeefcafebabe.bin", "HEX_1.bin"),
        ("cle_FACEDEADBEEFCAFEBABE.txt", "cle_HEX_1.txt"),
        ("deadbeefcafebab3_v2.bin", "HEX_1_v2.bin"),
        ("550e8400-e29b-41d4-a716-446655440000.json", "HEX_1.json"),
        ("a1b2c3d4_a1b2c3d4.txt", "HEX_1_HEX_1.txt"),
        ("creds_AKIAIOSFODNN7EXAMPLE.csv", "creds_SECRET_1.csv"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789.txt", "SECRET_1.txt"),
        ("token=abc123secret.env", "token=SECRET_1.env"),
        ("rib_FR7630006000011234567890189.pdf", "rib_IBAN_1.pdf"),
        ("rib FR76 3000 6000 0112 3456 7890 189.pdf", "rib IBAN_1.pdf"),
        ("carte 4111 1111 1111 1111.png", "carte CARD_1.png"),
        ("x4111111111111111x.png", "x_CARD_1_x.png"),
        pytest.param("zhang@163.com.pdf", "EMAIL_1.pdf", id="domain that is a number"),
        pytest.param("x@126.com", "EMAIL_1", id="domain that is a number, at the end"),
        pytest.param("contact marie@acme.nl", "contact EMAIL_1", id="domain that is no extension"),
        pytest.param("contact marie@acme.pl", "contact EMAIL_1", id="domain that is an extension too"),
        pytest.param("marie@acme.nl.tar.gz", "EMAIL_1.tar.gz", id="two extensions behind a domain"),
        pytest.param(
            "EMAIL_1 a@b.fr.txt", "EMAIL_1 EMAIL_2.txt", id="a file that is called like a placeholder"
        ),
        pytest.param("jean@startup.ai", "EMAIL_1.ai", id="nothing but an address, its domain an extension"),
        pytest.param("jean@boite.sh", "EMAIL_1.sh", id="nothing but an address, a script's extension"),
        pytest.param("2023-11-08 4111 1111 1111 1111.pdf", "2023-11-08 CARD_1.pdf", id="date, card"),
        pytest.param("20231108_4111-1111-1111-1111.pdf", "20231108_CARD_1.pdf", id="short date, card"),
        pytest.param("carte 4111 1111 1111 1111 12.pdf", "carte CARD_1 12.pdf", id="card, number"),
        pytest.param("4111-1111-1111-1111-2.pdf", "CARD_1-2.pdf", id="card, number joined alike"),
        pytest.param("4111111111111111_2.pdf", "CARD_1_2.pdf", id="card in one run, number"),
        pytest.param("2024_5500_0000_0000_0004.jpg", "2024_CARD_1.jpg", id="year, card"),
        pytest.param("3782 822463 10005 3.jpg", "CARD_1 3.jpg", id="card of three groups, number"),
        pytest.param(
            "id42 FR76 3000 6000 0112 3456 7890 189.pdf", "id42 IBAN_1.pdf", id="what begins like an IBAN"
        ),
        pytest.param("no12_FR76-3000-6000-0112-3456-7890-189.pdf", "no12_IBAN_1.pdf", id="number, IBAN"),
        pytest.param("2023-11-08 06 12 34 56 78.vcf", "2023-11-08 PHONE_1.vcf", id="date, phone"),
        pytest.param("20231108-0612345678.wav", "20231108-PHONE_1.wav", id="short date, phone"),
        pytest.param(
            "appel +33 6 12 34 56 78 2023-11-08.m4a", "appel PHONE_1 2023-11-08.m4a", id="phone, date"
        ),
        pytest.param(
            "appel_06 12 34 56 78_2023-11-08.m4a",
            "appel_PHONE_1_2023-11-08.m4a",
            id="phone between underscores",
        ),
        pytest.param(
            "Call recording 06 12 34 56 78_231108_101500.m4a",
            "Call recording PHONE_1_231108_101500.m4a",
            id="phone, date without a century",
        ),
        pytest.param("password=1.txt", "password=SECRET_1.txt", id="secret that its placeholder holds"),
        pytest.param("mdp=SECRET 2.txt", "mdp=SECRET_1 2.txt", id="secret that is a placeholder's word"),
        pytest.param("pwd=E scan E.txt", "pwd=SECRET_1 scan SECRET_1.txt", id="secret of a letter, twice"),
    ],
)
def test_masked(name, masked):
    found = mask(name)
    assert found.text == masked
    for placeholder, value in found.hidden:
        assert value in name and placeholder not in name
    assert found.restore(found.text).replace("_", "") == name.replace("_", ""), "a separator may be added"


@pytest.mark.parametrize(
    "name",
    """report_2023.pdf IMG_20231108_142233.jpg 2023110814.log icon@2x.png icon@1.5x.fr.png icon@3.png
    left-pad@1.3.0.tgz getty@tty1.service logo@dark.png extractWindowEvents_v2.sh libstdc++.so.6.0.30
    package-lock.json Screenshot_20231108-142233_Chrome.jpg 2023-11-08_14-22-33.mp4 v1.2.3-rc.1.tar.gz
    2023-01-08_14-22-33.png 2023-01-08_14-21-33.mp4 IMG_20230103_140033.jpg icon@2x.ai
    internationalization.py DSC_0042.NEF deadbeefcafe.txt aaaaaaaaaaaaaaaaaaaa.txt
    UserRepositoryIntegrationTestConfiguration.java ISO-8859-15.map""".split(),
)
def test_what_is_harmless_is_sent_as_it_is(name):
    assert mask(name).text == name


def test_the_extension_stays_where_it_is_one():
    assert mask("jean@free.fr.tar.gz").text.endswith(".tar.gz")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("contrat_DUPONT-marie_2024.pdf", "contrat_PERSON_1_2024.pdf"),
        ("ContratMarieDupont2024.pdf", "Contrat_PERSON_1_2024.pdf"),
        ("contratmariedupont.pdf", "contrat_PERSON_1.pdf"),
        ("Library_Li.txt", "Library_PERSON_1.txt"),
        ("photoLi.jpg", "photo_PERSON_1.jpg"),
        ("helene lefevre cv.odt", "PERSON_1 cv.odt"),
        ("CV_LEFÈVRE_Hélène.odt", "CV_PERSON_1.odt"),
        (unicodedata.normalize("NFD", "CV Hélène Lefèvré.odt"), "CV PERSON_1.odt"),
        ("payslip_obrien_zoe.pdf", "payslip_PERSON_1.pdf"),
        ("bulletin Leclerc Jean Pierre.pdf", "bulletin PERSON_1.pdf"),
        ("oeuvray_noel.doc", "PERSON_1.doc"),
        ("Dupont, Marie.pdf", "PERSON_1.pdf"),
        ("cv Marie (Dupont).pdf", "cv PERSON_1).pdf"),
        ("Marie\u2013Dupont.pdf", "PERSON_1.pdf"),
        ("Soren Kjaer.pdf", "PERSON_1.pdf"),
        ("cv_Walesa_Łukasz.pdf", "cv_PERSON_1.pdf"),
        ("dupont.pdf", "dupont.pdf"),
        ("libre.pdf", "libre.pdf"),
        ("Berlinale.pdf", "Berlinale.pdf"),
    ],
)
def test_persons_are_masked_on_request(name, masked):
    people = (
        "Marie Dupont", "Li", "Li Na", "Hélène Lefèvre", "Zoë O'Brien", "Jean-Pierre Leclerc", "Noël Œuvray", "—",
        "Kjær, Søren", "Lukasz Wałesa",
    )  # fmt: skip
    found = mask(name, people)
    assert found.text == masked
    assert all(value in name for _, value in found.hidden)
    assert mask(name).text == name


def test_a_list_of_persons_that_is_empty_or_missing(tmp_path):
    (tmp_path / "empty.txt").write_text("\n")
    for path in (tmp_path / "empty.txt", tmp_path / "none.txt"):
        with pytest.raises(UserError):
            read_people(path)


def test_a_list_of_persons_that_a_spreadsheet_wrote(tmp_path):
    (tmp_path / "people.txt").write_text("Marie Dupont\nLi\n", encoding="utf-8-sig")
    assert read_people(tmp_path / "people.txt") == ("Marie Dupont", "Li")


def luhn(body: str) -> str:
    total = sum(d if i % 2 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(map(int, body[::-1])))
    return body + str(-total % 10)


def iban(body: str) -> str:
    check = 98 - int("".join(str(int(c, 36)) for c in body + "FR00")) % 97
    return f"FR{check:02}{body}"


digits = st.characters(min_codepoint=48, max_codepoint=57)
hexes = st.text("0123456789abcdef", min_size=16, max_size=40).filter(
    lambda t: sum(c.isdigit() for c in t) > 4 and sum(c.isalpha() for c in t) > 1
)
all_letters = st.text("abcdef", min_size=16, max_size=40).filter(lambda t: len(set(t)) > 2)
hexes |= all_letters | all_letters.map(str.upper)
phones = st.sampled_from(["FR", "GB", "US", "DE", "ES"]).flatmap(
    lambda region: st.sampled_from(
        [
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
            for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
            if (number := phonenumbers.example_number_for_type(region, kind))
        ]
    )
)
emails = st.builds(
    "{}.{}@{}.{}".format,
    *(st.text("abcdefghijklmnop", min_size=2, max_size=8) for _ in range(3)),
    st.sampled_from(["fr", "com", "org", "example"]),
)
tokens = st.builds(
    "{}{}".format,
    st.just("ghp_"),
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=36, max_size=36),
) | st.builds("AKIA{}".format, st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=16))
secrets = st.one_of(
    hexes,
    phones,
    emails,
    tokens,
    st.text(digits, min_size=14, max_size=14).map(lambda t: luhn("4" + t)),
    st.text(digits, min_size=23, max_size=23).map(iban),
)
words = st.sampled_from(["scan", "carte", "Note de", "export", "été", "v2", "backup 2023"])


@st.composite
def names_with_secrets(draw) -> tuple[str, str]:
    secret = draw(secrets)
    before, after = draw(words), draw(words)
    gap = draw(st.sampled_from(["_", " ", "-", " - "]))
    return (
        f"{before}{gap}{secret}{gap}{after}{draw(st.sampled_from(['.pdf', '.txt', '.tar.gz', '']))}",
        secret,
    )


PEOPLE = (
    "Marie Dupont", "Hélène Lefèvre", "François Müller", "Zoë O'Brien", "Noël Œuvray", "Siân Jones",
    "Jean-Pierre Leclerc", "Anaïs Bérubé", "Michael Smith", "Agnès d'Été",
)  # fmt: skip


@st.composite
def names_with_persons(draw) -> tuple[str, str]:
    """A person as people write one in a file's name, among words of either language."""
    person = draw(st.sampled_from(PEOPLE))
    parts = person.split(" ")
    if draw(st.booleans()):
        parts.reverse()
    written = draw(st.sampled_from(["_", " ", "-", ".", "", " - "])).join(parts)
    for change in draw(
        st.sets(st.sampled_from([str.upper, str.lower, str.title, fold, no_marks, decomposed]))
    ):
        written = change(written)
    before, after = draw(words), draw(st.sampled_from(["", "2024", "contract", "congés", "v2"]))
    gap = draw(st.sampled_from(["_", " ", "-", ""]))
    return (
        f"{before}{gap}{written}{gap and after and gap}{after}{draw(st.sampled_from(['.pdf', '.odt', '']))}",
        person,
    )


def no_marks(text: str) -> str:
    return "".join(c for c in decomposed(text) if not unicodedata.combining(c))


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def letters(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalpha())


@given(names_with_persons())
def test_a_person_is_found_however_the_name_is_written(drawn):
    name, person = drawn
    found = mask(name, PEOPLE)
    left = letters(found.text)
    assert not any(letters(" ".join(order)) in left for order in permutations(person.split(" ")))
    assert any(placeholder.startswith("PERSON") for placeholder, _ in found.hidden)
    assert letters(found.restore(found.text)) == letters(name)


@given(names_with_secrets())
def test_a_secret_among_words_is_found(drawn):
    name, secret = drawn
    found = mask(name)
    assert secret not in found.text
    assert found.restore(found.text).replace("_", "") == name.replace("_", "")


@given(names_with_secrets())
def test_masking_what_is_masked_changes_nothing(drawn):
    once = mask(drawn[0]).text
    assert mask(once).text == once


@given(st.text(min_size=1, max_size=60).filter(lambda t: "/" not in t and "\0" not in t))
def test_any_name_is_masked_without_an_error_and_can_be_restored(name):
    found = mask(name)
    assert all(value in name for _, value in found.hidden)
    assert bool(found.hidden) or found.text == name


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    drawn=st.lists(names_with_secrets(), min_size=1, max_size=12, unique_by=lambda d: d[0]),
    salt=st.integers(0),
)
def test_no_masked_value_reaches_a_recording_server(tmp_path, drawn, salt):
    files = list({f.id: f for name, _ in drawn for f in [FileName.of(name)]}.values())
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    workspace = workspace_with(folder, files)
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub, Options("stub", cascade=bool(salt % 2)))
    sent = b"\n".join(stub.bodies)
    as_text = "\n".join(json.dumps(json.loads(body), ensure_ascii=False) for body in stub.bodies)
    for file in files:
        for _, value in mask(file.name).hidden:
            assert value.encode() not in sent and value not in as_text
    for _, secret in drawn:
        assert secret.encode() not in sent
    for pair in pairs_of(workspace):
        for placeholder, _ in mask(pair.name).hidden:
            assert placeholder not in pair.en + pair.fr, "placeholders come back as what they hid"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(drawn=st.lists(names_with_persons(), min_size=1, max_size=12, unique_by=lambda d: d[0]))
def test_no_person_reaches_a_recording_server(tmp_path, drawn):
    files = list({f.id: f for name, _ in drawn for f in [FileName.of(name)]}.values())
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    workspace = workspace_with(folder, files)
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub, Options("stub", people=PEOPLE))
    sent = letters(" ".join(f["name"] for body in stub.bodies for f in files_of(json.loads(body))))
    for _, person in drawn:
        for order in permutations(person.split(" ")):
            assert letters(" ".join(order)) not in sent
    assert all("PERSON_" not in pair.en + pair.fr for pair in pairs_of(workspace))
