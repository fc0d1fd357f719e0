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
        pytest.param("falloir", "fr", "fallu", "falloir", id="a verb without a present participle"),
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
        pytest.param("s'accroupir", "s'accroupit", id="reflexive only"),
        pytest.param("se méfier de", "se méfie de", id="a phrase, reflexive only"),
    ],
)
def test_third_persons(verb, third):
    assert realise.verb_fr(verb) == third


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        pytest.param("invoice", "invoices", id="a plain noun"),
        pytest.param("aerobics", "aerobics", id="a science has one form"),
        pytest.param("pics", "pics", id="so has what is plural already"),
        pytest.param("QuickBooks", "QuickBooks", id="and a name that ends in s"),
        pytest.param("school bus", "school buses", id="a singular that ends in s"),
    ],
)
def test_english_plurals(noun, plural):
    assert realise.plural_en(noun) == plural


@pytest.mark.parametrize(
    ("noun", "gender", "plural"),
    [
        pytest.param("cheval", "m", "chevaux", id="irregular"),
        pytest.param("absentéisme", "m", "absentéisme", id="has no plural"),
        pytest.param("pomme de terre", "f", "pommes de terre", id="its head alone"),
        pytest.param("flèche vers le bas", "f", "flèches vers le bas", id="nothing behind a link"),
        pytest.param("résidence secondaire", "f", "résidences secondaires", id="its adjective agrees"),
        pytest.param("caisse noire", "f", "caisses noires", id="a feminine that is a noun of its own too"),
        pytest.param("huile moteur", "f", "huiles moteur", id="a noun in apposition stays"),
        pytest.param("assurance qualité", "f", "assurances qualité", id="a noun in -té is no participle"),
        pytest.param(
            "membre fondateur", "m", "membres fondateurs", id="a noun that is the same person agrees"
        ),
        pytest.param("double rideau", "m", "doubles rideaux", id="an adjective before its noun"),
        pytest.param("vieil ami", "m", "vieux amis", id="a form for vowels"),
        pytest.param("nouvel an", "m", "nouveaux ans", id="another one"),
        pytest.param("drap-housse", "m", "draps-housses", id="two nouns joined"),
        pytest.param("code-barres", "m", "codes-barres", id="a second part that is plural already"),
        pytest.param("chauffe-eau", "m", "chauffe-eaux", id="a verb and a noun joined"),
        pytest.param("arc-en-ciel", "m", "arcs-en-ciel", id="joined by a little word"),
    ],
)
def test_plurals(noun, gender, plural):
    assert realise.noun_fr(noun, gender, True) == plural
