import numpy as np
import onnxruntime
import pytest
import torch

from tests.test_bart_graph import random_model
from tests.test_t5_graph import batch, random_t5
from train import bart_graph, t5_graph
from train.decoding import NO_REPEAT
from train.t5_shape import shape_of

BOUND = 6


def session(model, beams, bound=BOUND, guarded=True):
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    is_t5 = model.config.model_type == "t5"
    build, shape = (t5_graph.Builder, shape_of(model.config)) if is_t5 else (bart_graph.Builder, model.config)
    graph = build(shape, weights, lambda layer: False, 64, 32, guarded=guarded, beams=beams).model()
    found = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])

    def run(ids, mask=None):
        mask = np.ones_like(ids) if mask is None else mask
        feed = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": np.array(bound, np.int64)}
        return found.run(["tokens", "score"], feed)

    return run


def special(model):
    config = model.config
    return config.decoder_start_token_id, config.eos_token_id, config.pad_token_id


def log_probabilities(model, ids, written):
    with torch.inference_mode():
        logits = model(input_ids=torch.from_numpy(ids), decoder_input_ids=torch.tensor([written])).logits
    return logits[0, -1].log_softmax(-1).double().numpy()


def repeats(tokens):
    runs = [tuple(tokens[i : i + NO_REPEAT]) for i in range(len(tokens) - NO_REPEAT + 1)]
    return len(runs) > len(set(runs))


def searched(model, ids, beams, bound=BOUND):
    """The search as train/beam.py describes it, in plain Python: [(score, tokens)], the best first."""
    start, end, _ = special(model)
    going, ended = [(0.0, [start])], []
    for step in range(1, bound + 1):
        logs = [log_probabilities(model, ids, written) for _, written in going]
        ended += [
            ((total + log[end]) / step, [*written[1:], end])
            for (total, written), log in zip(going, logs, strict=True)
        ]
        ended = sorted(ended, key=lambda row: -row[0])[:beams]
        longer = [
            (total + log[token], [*written, token])
            for (total, written), log in zip(going, logs, strict=True)
            for token in range(len(log))
            if token != end and not repeats([*written, token])
        ]
        going = sorted(longer, key=lambda row: -row[0])[:beams]
        if going[0][0] / step <= ended[0][0]:
            break
    return ended


def answers(tokens, scores, end):
    """[(score, tokens up to the end token)] of one name."""
    rows = [row.tolist() for row in tokens]
    return [
        (s, row[: row.index(end) + 1] if end in row else row)
        for s, row in zip(scores.tolist(), rows, strict=True)
    ]


@pytest.mark.parametrize("beams", [2, 4])
@pytest.mark.parametrize("make", [lambda: random_t5("relu", True), lambda: random_model("bart"),
                                  lambda: random_model("mbart")], ids=["t5", "bart", "mbart"])  # fmt: skip
def test_the_answers_of_a_search_in_plain_python(make, beams):
    model = make()
    run = session(model, beams)
    ids = batch()[0]
    for row in range(3):
        one = ids[row : row + 1, :3]
        tokens, scores = run(one)
        found = answers(tokens[0], scores[0], special(model)[1])
        wanted = searched(model, one, beams)
        assert [tokens for _, tokens in found] == [tokens for _, tokens in wanted]
        assert [score for score, _ in found] == pytest.approx([score for score, _ in wanted], abs=1e-3)


def test_a_name_is_told_the_same_whatever_its_batch():
    model = random_t5("gated-gelu", True)
    run = session(model, 3)
    ids, mask = batch()
    together, scores = run(ids, mask)
    for row in range(8):
        length = int(mask[row].sum())
        tokens, score = run(ids[row : row + 1, :length])
        assert tokens[0].tolist() == together[row][:, : tokens.shape[2]].tolist()
        assert score[0].tolist() == pytest.approx(scores[row].tolist(), abs=1e-3)


@pytest.mark.parametrize("bound, width", [(1, 1), (5, 5), (10_000, 32)])
def test_the_search_is_bounded(bound, width):
    """Only the first beam can have ended after one step: the others' answers are empty, and no good ones."""
    tokens, scores = session(random_t5("relu", True), 2, bound=bound)(batch()[0][:2])
    assert tokens.shape[2] <= width and tokens.shape[:2] == scores.shape == (2, 2)
    assert (scores[:, 0] > -100).all()
    if bound == 1:
        assert (scores[:, 1] < -1000).all() and not tokens[:, 1].any()


@pytest.mark.parametrize("beams", [2, 5])
def test_scores_fall_and_texts_differ(beams):
    tokens, scores = session(random_t5("relu", True), beams)(*batch())
    assert (np.diff(scores, axis=1) <= 0).all()
    for name in tokens:
        assert len({tuple(row) for row in name.tolist()}) == beams


def test_no_run_of_three_is_written_twice():
    tokens, _ = session(random_t5("relu", True), 3, bound=20)(*batch())
    end = 1
    for name in tokens.tolist():
        for row in name:
            said = row[: row.index(end)] if end in row else row
            assert not repeats([token for token in said if token])
