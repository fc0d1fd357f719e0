from nomenclair.names import family
from nomenclair.records import FileName
from train.unseen import SHOWN, unseen


def test_no_family_that_was_trained_on():
    names = [FileName.of(name) for name in ("alpha_report.pdf", "beta_report.txt", "gamma_report.csv")]
    assert set(unseen(names, {family("alpha_report_7.pdf")})) == {"beta_report.txt", "gamma_report.csv"}


def test_ten_readable_names_always_the_same():
    names = [FileName.of(f"report about water.{chr(97 + i)}xt") for i in range(26)] + [
        FileName.of("a1b2c3d4e5.pdf")
    ]
    shown = unseen(names, set())
    assert len(shown) == SHOWN and "a1b2c3d4e5.pdf" not in shown
    assert shown == unseen(reversed(names), set())


def test_one_name_an_extension():
    names = [FileName.of(f"{word}.pdf") for word in ("report", "invoice", "letter")]
    assert len(unseen(names, set())) == 1
