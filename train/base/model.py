"""The base's architecture, its first weights, and those that it takes over from a published base."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration


class ChannelDropout(torch.nn.Module):
    """Dropout [size, length, width] of whole channels of an example, the same ones at each of its positions.

    Variational dropout (Gal and Ghahramani 2016): a twentieth of the random numbers, which on a CPU cost more than the
    layers themselves.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[-1]) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)


def drop_channels(model: torch.nn.Module, share: float) -> None:
    """Every dropout of the model becomes one of channels."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Dropout):
                setattr(module, name, ChannelDropout(share))


def shape(vocabulary: int, width: int, feed_forward: int, encoder: int, decoder: int) -> T5Config:
    """The base's architecture: T5 with heads of 64, ReLU, tied embeddings."""
    return T5Config(
        vocab_size=vocabulary,
        d_model=width,
        d_kv=64,
        num_heads=width // 64,
        d_ff=feed_forward,
        num_layers=encoder,
        num_decoder_layers=decoder,
        dropout_rate=0.0,
        feed_forward_proj="relu",
        tie_word_embeddings=True,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
        # The fused attention's backward pass is slow on a CPU for texts as short as names.
        attn_implementation="eager",
    )


def shape_of(state: dict[str, torch.Tensor]) -> T5Config:
    """The architecture whose weights these are."""
    vocabulary, width = state["shared.weight"].shape
    feed_forward = state["encoder.block.0.layer.1.DenseReluDense.wi.weight"].shape[0]
    layers = [
        len({k.split(".")[2] for k in state if k.startswith(f"{side}.block.")})
        for side in ("encoder", "decoder")
    ]
    return shape(vocabulary, width, feed_forward, *layers)


def new_model(config: T5Config) -> T5ForConditionalGeneration:
    """A fresh T5 that begins as a copier which knows its neighbours.

    Cross-attention's values and outputs are the identity; one head of each side looks at the word before, and one
    of the encoder's at the word after.
    """
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        for block in model.decoder.block:
            attention = block.layer[1].EncDecAttention
            attention.v.weight.copy_(torch.eye(config.d_model))
            attention.o.weight.copy_(torch.eye(config.d_model))
    look_around(model)
    return model


@torch.no_grad()
def look_around(model: T5ForConditionalGeneration, strength: float = 5.0) -> None:
    """Bias head 0 towards the token before and the encoder's head 1 towards the token after."""
    after = model.config.relative_attention_num_buckets // 2
    first = [stack.block[0].layer[0].SelfAttention for stack in (model.encoder, model.decoder)]
    for attention in first:
        attention.relative_attention_bias.weight[1, 0] += strength
    first[0].relative_attention_bias.weight[after + 1, 1] += strength


@torch.no_grad()
def carry_over(model: T5ForConditionalGeneration, tokenizer: Tokenizer, folder: Path) -> None:
    """Take over the weights of a published base of the same width, whatever its tokenizer.

    A token that it lacks begins as the mean of the pieces that its tokenizer cuts it into. Where the model's encoder
    has more layers, a new one is the layer before it, with outputs of zero: the model says what the base says, and
    goes on from there.
    """
    old, table = (
        T5ForConditionalGeneration.from_pretrained(folder),
        Tokenizer.from_file(str(folder / "tokenizer.json")),
    )
    state = deepened(
        {name: value.float() for name, value in old.state_dict().items()}, model.config.num_layers
    )
    rows = model.shared.weight.detach().clone()
    for i in range(tokenizer.get_vocab_size()):
        token = tokenizer.id_to_token(i)
        same = table.token_to_id(token)
        pieces = [same] if same is not None else [piece.id for piece in table.model.tokenize(token)]
        rows[i] = state["shared.weight"][pieces].mean(0)
    for name in (
        "shared.weight",
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
        "lm_head.weight",
    ):
        state[name] = rows
    model.load_state_dict(state)


def deepened(state: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """The weights of an encoder of so many layers that computes the same."""
    encoder = {name: value for name, value in state.items() if name.startswith("encoder.block.")}
    depth = 1 + max(int(name.split(".")[2]) for name in encoder)
    out = {name: value for name, value in state.items() if name not in encoder}
    for layer in range(layers):
        source, before = (at * depth // layers if at >= 0 else None for at in (layer, layer - 1))
        for name, value in encoder.items():
            _, _, at, rest = name.split(".", 3)
            if int(at) != source or (layer and "relative" in rest):
                continue
            is_output = rest.endswith(("SelfAttention.o.weight", "DenseReluDense.wo.weight"))
            new = torch.zeros_like(value) if source == before and is_output else value.clone()
            out[f"encoder.block.{layer}.{rest}"] = new
    return out
