import pytest

from nomenclair.contract import source_text
from nomenclair.glossary import Glossary
from nomenclair.kinds import Kind, KindTable
from train.base.told_kinds import ENOUGH, rare_kinds, told_kinds

TABLE = KindTable(
    {
        kind.pattern: kind
        for kind in (
            Kind(".ppd", "config", "Printer description", "Description d'imprimante", "f", ("printer",)),
            Kind(".gd", "source", "Godot script", "Script Godot", "m", ("godot",)),
            Kind(".icm", "data", "ICC color profile", "Profil de couleurs ICC", "m", ("icc",)),
            Kind(".3mf", "model3d", "3D model", "Modèle 3D", "m", ("3d",)),
            Kind("Makefile", "build", "Make build file", "Fichier de compilation Make", "m", ("make",)),
        )
    }
)


@pytest.mark.parametrize(
    ("extension", "cells"),
    [
        pytest.param(
            ".ppd", ("printer description", "description d'imprimante f"), id="no capital within a text"
        ),
        pytest.param(".gd", ("Godot script", "script Godot m"), id="a name keeps its capital"),
        pytest.param(".icm", ("ICC color profile", "profil de couleurs ICC m"), id="an acronym too"),
        pytest.param(".3mf", ("3D model", "modèle 3D m"), id="a number and a letter"),
    ],
)
def test_how_a_kind_is_told(extension, cells):
    assert told_kinds(TABLE)[extension] == cells


def test_a_whole_name_is_told_by_the_table_alone():
    assert "Makefile" not in told_kinds(TABLE)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        pytest.param(0, True, id="no pair"),
        pytest.param(ENOUGH - 1, True, id="too few"),
        pytest.param(ENOUGH, False, id="the model knows it"),
    ],
)
def test_what_few_pairs_have_is_told(pairs, told):
    assert (".ppd" in rare_kinds(TABLE, [f"printer{i}.ppd" for i in range(pairs)])) is told


def test_the_model_reads_it_behind_the_extension():
    glossary = Glossary.of_words(told_kinds(TABLE))
    assert source_text("hp.ppd", "fr", glossary) == "fr: hp .ppd [ description d'imprimante f ]"
    assert source_text("hp.zzz", "fr", glossary) == "fr: hp .zzz"
