import numpy as np
import onnxruntime
import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from train.decoding import NO_REPEAT
from train.packing import int4_blocks, uint8_input
from train.ranges import activation_ranges
from train.t5_graph import Builder
from train.t5_shape import relative_bucket, shape_of

BOUND = 16


def random_t5(feed_forward, tied, layers=(3, 2)):
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=300,
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=layers[0],
        num_decoder_layers=layers[1],
        num_heads=4,
        feed_forward_proj=feed_forward,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
        model.shared.weight.normal_(0, 1)
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.randn(300, 64))
        model.config.tie_word_embeddings = model.config.scale_decoder_outputs = False
    return model


def batch():
    """Eight rows of 3 to 12 tokens, padded."""
    rng = np.random.default_rng(0)
    ids, mask = np.zeros((8, 12), np.int64), np.zeros((8, 12), np.int64)
    for row, length in enumerate(rng.integers(3, 13, 8)):
        ids[row, :length], mask[row, :length] = rng.integers(2, 300, length), 1
    return ids, mask


def run(model, int8=lambda layer: False, bound=BOUND, rows=8, int4=lambda layer: False):
    """Greedy tokens [rows, steps] and score [rows]."""
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graph = Builder(shape_of(model.config), weights, int8, 64, 32, int4).model()
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    ids, mask = batch()
    feed = {
        "input_ids": ids[:rows],
        "attention_mask": mask[:rows],
        "max_new_tokens": np.array(bound, np.int64),
    }
    tokens, score = session.run(["tokens", "score"], feed)
    return tokens[:, 0], score[:, 0]


def generate(model, no_repeat=NO_REPEAT):
    ids, mask = batch()
    with torch.inference_mode():
        return model.generate(
            input_ids=torch.from_numpy(ids),
            attention_mask=torch.from_numpy(mask),
            max_new_tokens=BOUND,
            do_sample=False,
            no_repeat_ngram_size=no_repeat,
            output_logits=True,
            return_dict_in_generate=True,
        )


@pytest.mark.parametrize("layers", [(3, 2), (1, 1)])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("feed_forward", ["gated-gelu", "relu"])
def test_fp32_gives_the_tokens_of_torch(feed_forward, tied, layers):
    model = random_t5(feed_forward, tied, layers)
    tokens, _ = run(model)
    wanted = generate(model).sequences[:, 1:].numpy()
    assert tokens[:, : wanted.shape[1]].tolist() == wanted.tolist()


def test_no_run_of_three_is_written_twice():
    """The model above would loop, as torch shows without the guard; with it both write the same other tokens."""
    model = random_t5("relu", True)

    def repeats(rows):
        runs = [[tuple(row[i : i + 3]) for i in range(len(row) - 2)] for row in rows]
        return sum(len(row) - len(set(row)) for row in runs)

    tokens, _ = run(model)
    assert repeats(generate(model, no_repeat=0).sequences[:, 1:].tolist()) > 0
    assert repeats(tokens.tolist()) == 0
    assert tokens.tolist() == generate(model).sequences[:, 1:].tolist()


def test_a_forbidden_loop_costs_score():
    """Each token counts with the probability that the model gave it, not with what is left when loops are out."""
    model = random_t5("relu", True)
    tokens, score = run(model)
    logs = torch.stack([step.log_softmax(-1) for step in generate(model).logits], 1)
    chosen = logs.gather(2, torch.from_numpy(tokens)[..., None]).mean(1)[:, 0]
    assert score == pytest.approx(chosen.numpy(), abs=1e-3)
    assert (chosen < logs.max(-1).values.mean(1) - 0.01).any()


def test_the_score_is_the_mean_log_probability():
    model = random_t5("gated-gelu", True)
    tokens, score = run(model)
    found = generate(model)
    logs = torch.stack([step.log_softmax(-1) for step in found.logits], 1)
    for row in range(8):
        length = int((tokens[row] != 0).sum())
        chosen = logs[row, range(length), tokens[row, :length]]
        assert score[row] == pytest.approx(float(chosen.mean()), abs=1e-3)


def test_finished_rows_stop_the_loop():
    """The token that the model writes third becomes the end token: the loop ends there, not at its bound."""
    model = random_t5("relu", False)
    third = int(run(model, rows=1)[0][0, 2])
    with torch.no_grad():
        head = model.lm_head.weight
        head[[1, third]] = head[[third, 1]].clone()
    tokens, _ = run(model, rows=1)
    assert tokens.shape[1] <= 3 and tokens[0, -1] == 1


@pytest.mark.parametrize("bound", [1, 5, 10_000])
def test_generation_is_bounded(bound):
    tokens, _ = run(random_t5("gated-gelu", True), bound=bound)
    assert tokens.shape[1] == min(bound, 32)


def test_int8_is_near_fp32():
    model = random_t5("relu", True)
    # One step: after it, random weights take other paths.
    _, exact = run(model, bound=1)
    _, rounded = run(model, int8=lambda layer: True, bound=1)
    assert np.abs(exact - rounded).mean() < 0.3


@pytest.mark.parametrize(
    "in_float",
    [
        pytest.param("", id="both in int8: one table"),
        pytest.param("shared", id="embedding in float: two"),
        pytest.param("lm_head", id="head in float: two"),
    ],
)
def test_an_int8_table_that_is_the_head_too_stands_once(in_float):
    """One int8 table for both, unless the gate keeps either of them in float; the answers are those of two tables."""
    model = random_t5("relu", True)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    shape = shape_of(model.config)
    rows = batch()[0].tolist()
    ranges = activation_ranges(model, list(zip(rows, rows, strict=True)), shape.head_scale)

    def answers(weights, int8):
        graph = Builder(shape, weights, int8, 64, 32, ranges=ranges).model()
        tables = [one.name for one in graph.graph.initializer if 300 in one.dims and 64 in one.dims]
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        ids, mask = batch()
        feed = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": np.array(BOUND, np.int64)}
        return tables, [found.tolist() for found in session.run(["tokens", "score"], feed)]

    tables, found = answers(weights, lambda layer: layer != in_float)
    assert len(tables) == (2 if in_float else 1)
    apart = weights | {"lm_head.weight": np.nextafter(weights["lm_head.weight"], np.float32(np.inf))}
    tables, others = answers(apart, lambda layer: layer != in_float)
    assert (
        len(tables) == 2
        and found[0] == others[0]
        and found[1] == pytest.approx(np.array(others[1]), abs=1e-4)
    )


def test_4_bits_are_near_fp32():
    model = random_t5("gated-gelu", True)
    _, exact = run(model, bound=1)
    _, rounded = run(model, int4=lambda layer: True, bound=1)
    assert 0 < np.abs(exact - rounded).mean() < 1


def test_4_bits_take_half_of_int8():
    model = random_t5("relu", True)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}

    def size(int4):
        graph = Builder(shape_of(model.config), weights, lambda layer: True, 64, 32, int4).model()
        return len(graph.SerializeToString())

    saved = size(lambda layer: False) - size(lambda layer: True)
    # Half a byte less for each weight, but a scale of four bytes for each block of 32.
    parameters = sum(p.numel() for p in model.parameters())
    assert saved > parameters * (1 / 2 - 4 / 32 - 0.05)


@pytest.mark.parametrize("rows", [32, 64, 40, 1])
def test_4_bit_blocks_hold_the_weight(rows):
    weight = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    weight[:, 0] = 0
    packed, scale = int4_blocks(weight)
    values = np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:2], 32).astype(np.float32) - 8
    restored = (values * scale[..., None]).reshape(5, -1)[:, :rows].T
    step = np.abs(scale).max()
    assert np.abs(restored - weight).max() <= step and not restored[:, 0].any()


def test_weights_stand_once():
    model = random_t5("gated-gelu", True)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graph = Builder(shape_of(model.config), weights, lambda layer: True, 64, 32).model()
    parameters = sum(p.numel() for p in model.parameters())
    # int8: one byte each, the tied table once as embedding and once as head.
    assert len(graph.SerializeToString()) < 1.6 * parameters


@pytest.mark.parametrize("both_ways", [True, False])
def test_buckets_are_those_of_transformers(both_ways):
    from transformers.models.t5.modeling_t5 import T5Attention

    relative = np.arange(-200, 200)
    wanted = T5Attention._relative_position_bucket(torch.from_numpy(relative), both_ways, 32, 128)
    assert relative_bucket(relative, both_ways, 32, 128).tolist() == wanted.tolist()


def test_an_unknown_feed_forward_is_refused():
    with pytest.raises(ValueError, match="no graph for the feed-forward 'gated-silu'"):
        shape_of(T5Config(feed_forward_proj="gated-silu"))


def model_and_ranges():
    model = random_t5("gated-gelu", True)
    ids, mask = batch()
    sources = [row[: int(keep.sum())].tolist() for row, keep in zip(ids, mask, strict=True)]
    targets = generate(model).sequences[:, 1:].tolist()
    pairs = list(zip(sources, targets, strict=True))
    return model, activation_ranges(model, pairs, shape_of(model.config).head_scale)


def int8_session(model, ranges):
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graph = Builder(shape_of(model.config), weights, lambda layer: True, 64, 32, ranges=ranges).model()
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def test_with_known_ranges_a_row_does_not_depend_on_its_batch():
    session = int8_session(*model_and_ranges())
    ids, mask = batch()
    bound = np.array(BOUND, np.int64)
    together = session.run(None, {"input_ids": ids, "attention_mask": mask, "max_new_tokens": bound})
    for row in range(8):
        length = int(mask[row].sum())
        feed = {"input_ids": ids[row : row + 1, :length], "attention_mask": mask[row : row + 1, :length]}
        tokens, score = session.run(None, {**feed, "max_new_tokens": bound})
        assert tokens[0, 0].tolist() == together[0][row, 0, : tokens.shape[2]].tolist()
        assert score[0, 0] == pytest.approx(together[1][row, 0], abs=1e-4)


def test_known_ranges_are_near_fp32():
    model, ranges = model_and_ranges()
    ids, mask = batch()
    feed = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": np.array(1, np.int64)}
    _, exact = run(model, bound=1)
    rounded = int8_session(model, ranges).run(None, feed)[1][:, 0]
    # Coarser than a step chosen for the batch: 0.32 here, where that has 0.19.
    assert np.abs(exact - rounded).mean() < 0.5


def test_every_int8_matrix_has_its_range():
    model, ranges = random_t5("gated-gelu", True), model_and_ranges()[1]
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    shape = shape_of(model.config)
    graph = Builder(shape, weights, lambda layer: True, 64, 32, ranges=ranges).model()
    assert b"DynamicQuantizeMatMul" not in graph.SerializeToString()


@pytest.mark.parametrize(
    ("low", "high"),
    [
        pytest.param(-3.0, 5.0, id="both signs"),
        pytest.param(0.5, 2.0, id="after a relu"),
        pytest.param(-1.0, -0.5, id="negative"),
        pytest.param(0.0, 0.0, id="a layer that is always zero"),
    ],
)
def test_uint8_inputs_cover_their_range(low, high):
    step, middle = (float(part) for part in uint8_input(low, high))
    for value in (low, 0.0, high):
        stored = np.clip(round(value / step) + middle, 0, 255)
        assert (stored - middle) * step == pytest.approx(value, abs=step)
