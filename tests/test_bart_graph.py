import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, MBartConfig, MBartForConditionalGeneration

from train.bart_graph import Builder
from train.decoding import NO_REPEAT

BOUND = 16


def random_model(kind, **changes):
    config, build = {
        "bart": (BartConfig, BartForConditionalGeneration),
        "mbart": (MBartConfig, MBartForConditionalGeneration),
    }[kind]
    torch.manual_seed(0)
    sizes = dict(vocab_size=300, d_model=64, encoder_ffn_dim=128, decoder_ffn_dim=96, encoder_layers=3,
                 decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=2, init_std=0.3,
                 max_position_embeddings=64, decoder_start_token_id=2, forced_eos_token_id=None)  # fmt: skip
    model = build(config(**sizes | changes)).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.2)
        model.final_logits_bias.normal_(0, 1)
    return model


def batch():
    """Eight rows of 3 to 12 tokens, padded."""
    rng = np.random.default_rng(0)
    ids, mask = np.ones((8, 12), np.int64), np.zeros((8, 12), np.int64)
    for row, length in enumerate(rng.integers(3, 13, 8)):
        ids[row, :length], mask[row, :length] = rng.integers(3, 300, length), 1
    return ids, mask


def run(model, int8=lambda layer: False, bound=BOUND):
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graph = Builder(model.config, weights, int8, 64, 32).model()
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    ids, mask = batch()
    feed = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": np.array(bound, np.int64)}
    tokens, score = session.run(["tokens", "score"], feed)
    return tokens[:, 0], score[:, 0]


@pytest.mark.parametrize("changes", [{}, {"scale_embedding": True}, {"activation_function": "relu"}])
@pytest.mark.parametrize("kind", ["bart", "mbart"])
def test_fp32_gives_the_tokens_of_torch(kind, changes):
    model = random_model(kind, **changes)
    tokens, _ = run(model)
    ids, mask = (torch.from_numpy(part) for part in batch())
    with torch.inference_mode():
        wanted = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=BOUND, do_sample=False, num_beams=1,
            no_repeat_ngram_size=NO_REPEAT,
        )[:, 1:].numpy()  # fmt: skip
    assert tokens[:, : wanted.shape[1]].tolist() == wanted.tolist()


@pytest.mark.parametrize("kind", ["bart", "mbart"])
def test_int8_is_near_fp32(kind):
    model = random_model(kind, init_std=0.02)
    _, exact = run(model, bound=1)
    _, rounded = run(model, int8=lambda layer: True, bound=1)
    assert 0 < np.abs(exact - rounded).mean() < 0.1


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="no graph for the activation 'silu'"):
        run(random_model("bart", activation_function="silu"))
