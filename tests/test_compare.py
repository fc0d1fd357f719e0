"""Templates side by side: what a pair costs, whatever the ledger held before."""

import pytest

from datagen.budget import Budget
from datagen.compare import compare, one_of_each_family
from datagen.generate import Options
from datagen.ledger import open_ledger
from datagen.prompts import load
from datagen.session import Address
from nomenclair.records import FileName
from tests.generating import FAST, ask, workspace_with
from tests.stub_endpoint import StubEndpoint, serving


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        pytest.param(
            [FileName.of(f"IMG_{n:04}.jpg") for n in range(30)], 1, id="one was asked, 29 carried over"
        ),
        pytest.param([FileName.of(f"{w}.pdf") for w in ("letter", "budget", "plan")], 3, id="each was asked"),
    ],
)
def test_tokens_per_pair_are_those_of_pairs_that_were_asked(tmp_path, files, asked):
    workspace = workspace_with(tmp_path, files)
    with serving(StubEndpoint()) as stub:
        assert ask(workspace, stub).pairs == len(files)
        with open_ledger(workspace.ledger) as ledger:
            (row,) = compare(
                [load("describe-full")],
                files,
                Options("stub", cascade=False),
                ledger,
                Budget(),
                Address(stub.url, "key", FAST),
                lambda progress: None,
            )
    assert row.valid == 1 and row.usage.total == sum(
        d.prompt_tokens + d.completion_tokens for d in stub.delivered
    )
    assert row.tokens_per_pair == row.usage.total / asked


def test_one_name_of_each_family_is_compared():
    files = [FileName.of(name) for name in ("IMG_1.jpg", "IMG_2.jpg", "plan.pdf", "IMG_3.jpg", "cv.pdf")]
    assert [file.name for file in one_of_each_family(files, 2)] == ["IMG_1.jpg", "plan.pdf"]
    assert len(one_of_each_family(files, 40)) == 3
