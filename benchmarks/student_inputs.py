"""The inputs that every engine reads. No package, so that an engine's memory is its own."""

import json
from pathlib import Path

NEW_TOKENS = 12
EOS = 1


def token_ids(vocabulary: int, count: int) -> list[list[int]]:
    """`count` inputs of 12 to 16 tokens, the end token included: the length of a file name.

    Spread by multiplication: a random generator would bring 6 MB into each engine's process.
    """
    return [
        [
            *(
                3 + (row * 7919 + place * 104_729 + row * place * 31) % (vocabulary - 3)
                for place in range(11 + row % 5)
            ),
            EOS,
        ]
        for row in range(count)
    ]


def vocabulary_of(folder: Path) -> int:
    return json.loads((folder / "torch" / "config.json").read_text(encoding="utf-8"))["vocab_size"]
