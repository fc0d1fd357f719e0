from nomenclair.names import family
from nomenclair.records import FileName
from train.unseen import SHOWN, unseen


def test_no_family_that_was_trained_on():
    names = [FileName.of(f"{word}_report.pdf") for word in "alpha beta gamma".split()]
    assert set(unseen(names, {family("alpha_report_7.pdf")})) == {"beta_report.pdf", "gamma_report.pdf"}


def test_ten_readable_names_always_the_same():
    names = [FileName.of(f"report about {chr(97 + i)}ota.pdf") for i in range(26)] + [
        FileName.of("a1b2c3d4e5.pdf")
    ]
    shown = unseen(names, set())
    assert len(shown) == SHOWN and "a1b2c3d4e5.pdf" not in shown
    assert shown == unseen(reversed(names), set())
