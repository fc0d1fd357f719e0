import pytest

from datagen import realise


@pytest.mark.parametrize(
    ("verb", "lang", "past", "present"),
    [
        pytest.param("back up", "en", "backed up", "backing up", id="a phrasal verb"),
        pytest.param("cut", "en", "cut", "cutting", id="an irregular one"),
        pytest.param("deskew", "en", "deskewed", "deskewing", id="a verb that pyrealb lacks"),
        pytest.param("mettre à jour", "fr", "mis à jour", "mettant à jour", id="a French phrase"),
        pytest.param("révéler", "fr", "révélé", "révélant", id="a stem with é keeps it"),
        pytest.param("se moquer", "fr", "moqué", "moquant", id="a reflexive one"),
        pytest.param("s'abonner", "fr", "abonné", "abonnant", id="an elided reflexive one"),
    ],
)
def test_participles(verb, lang, past, present):
    assert realise.participles(verb, lang) == (past, present)


@pytest.mark.parametrize(
    ("verb", "third"),
    [
        pytest.param("paramétrer", "paramètre", id="a verb that pyrealb lacks, as pénétrer"),
        pytest.param("concaténer", "concatène", id="as céder"),
        pytest.param("s'abonner", "s'abonne", id="reflexive"),
    ],
)
def test_third_persons(verb, third):
    assert realise.verb_fr(verb) == third


@pytest.mark.parametrize(
    ("noun", "gender", "plural"),
    [
        pytest.param("cheval", "m", "chevaux", id="irregular"),
        pytest.param("absentéisme", "m", "absentéisme", id="has no plural"),
        pytest.param("pomme de terre", "f", "pommes de terre", id="its head alone"),
    ],
)
def test_plurals(noun, gender, plural):
    assert realise.noun_fr(noun, gender, True) == plural
