"""A small world of pairs, lines of its sheet and what people say of them, for the tests of review."""

from dataclasses import replace

from typer.testing import CliRunner

from nomenclair.cli import app
from nomenclair.records import Pair, name_id
from nomenclair.workspace import Workspace, write_records
from review.desk import DeskRow, conflict
from review.sources import Sources
from review.words import Word, generated_print, said, standing, with_rival

SOURCES = Sources.load()


def pair(name: str, en: str, fr: str) -> Pair:
    return Pair(name_id(name), name, en, fr, "document", "grammar", "p@1")


REPORT = pair("report_2023.pdf", "PDF report for 2023", "Rapport PDF de 2023")


INVOICE = pair("facture_edf.pdf", "PDF invoice from EDF", "Facture EDF en PDF")


BAD = pair("budget.xlsx", "I cannot determine what this is", "Je ne sais pas ce que c'est")


PAIRS = {p.id: p for p in (REPORT, INVOICE, BAD)}


def line(of: Pair, word=None, **changes):
    row = DeskRow(standing(of, word), word, conflict(of, word))
    return 2, replace(row.sheet_row(), **changes)


def word(of: Pair, verdict="keep", by="marie", **texts):
    fresh = replace(of, **texts)
    return said(of, fresh.fr, fresh.en, verdict, "", by, generated_print(of))


LUC = word(REPORT, "edited", by="luc", fr="Rapport de Luc")


def in_conflict(note="") -> Word:
    """Paul's edited report, that Marie would drop; both as merge or an older sheet leaves them."""
    paul = replace(word(REPORT, "edited", by="paul", fr="Rapport de Paul"), note=note)
    return with_rival(paul, word(REPORT, "dropped"))


def workspace(tmp_path) -> Workspace:
    ws = Workspace(tmp_path)
    write_records(ws.curated, Pair, PAIRS.values())
    return ws


def run(tmp_path, *args):
    return CliRunner().invoke(app, [*args, "--workspace", str(tmp_path)])
