import pytest
from hypothesis import given

from nomenclair.records import FileName, Pair, name_id
from tests.test_names import file_names


@given(file_names)
def test_every_file_name_makes_a_record(name):
    record = FileName.of(name)
    assert record.id == name_id(record.name)
    assert record.id[0] == "n" and len(record.id) == 16
    assert FileName.of(record.name) == record


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: FileName.of(""), id="empty name"),
        pytest.param(lambda: FileName.of("a", 0), id="never counted"),
        pytest.param(lambda: Pair("n1", "a", "", "Fichier", "other", "person", ""), id="no English"),
        pytest.param(lambda: Pair("n1", "a", "File", "", "other", "person", ""), id="no French"),
    ],
)
def test_refused(make):
    with pytest.raises(ValueError):
        make()
