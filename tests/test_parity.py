import numpy as np
import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from train.parity import same_choice

START, LEADING, TWIN, BEHIND = 0, 5, 6, 7


@pytest.fixture(scope="module")
def model():
    """A T5 whatever the name: LEADING scores highest at each step, TWIN as high but for rounding, BEHIND less."""
    torch.manual_seed(0)
    tiny = T5ForConditionalGeneration(
        T5Config(vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, tie_word_embeddings=False,
                 decoder_start_token_id=START)
    )  # fmt: skip
    torch.nn.init.ones_(
        tiny.shared.weight
    )  # each word reads alike, so one score ranks the tokens at each step
    with torch.no_grad():
        before = tiny(
            input_ids=torch.tensor([[1]]),
            decoder_input_ids=torch.tensor([[START]]),
            output_hidden_states=True,
        )
        ahead = before.decoder_hidden_states[-1][0, -1]
        ahead = ahead / ahead.norm()
        tiny.lm_head.weight.zero_()
        tiny.lm_head.weight[LEADING] = ahead
        tiny.lm_head.weight[TWIN] = ahead * (1 - 1e-6)
        tiny.lm_head.weight[BEHIND] = ahead * 0.9
    return tiny.eval()


@pytest.mark.parametrize(
    ("found", "same"),
    [
        pytest.param([LEADING, LEADING, LEADING], True, id="the same tokens"),
        pytest.param([TWIN, BEHIND, BEHIND], True, id="a tie, after which all may differ"),
        pytest.param([LEADING, TWIN], True, id="a tie at the second token"),
        pytest.param([LEADING, BEHIND, LEADING], False, id="a token that torch scores lower"),
        pytest.param([LEADING, LEADING], False, id="cut short"),
    ],
)
def test_a_graph_chooses_as_torch_does(model, found, same):
    wanted = np.array([START, LEADING, LEADING, LEADING])
    source = {"input_ids": torch.tensor([[1]]), "attention_mask": torch.tensor([[1]])}
    with torch.inference_mode():
        assert same_choice(model, source, np.array(found), wanted) is same
