"""Parity fixtures of causal graphs: log-probabilities of an unmodified, padded Hugging Face language model.

The weights are those of the tiny model of the family in FOLDER. Texts are made as ONION makes them: one, and the same without each of
its tokens.

usage: python -m exporter.language_fixtures FOLDER [FAMILY...]      (in tools/; FOLDER is graphs/testdata)
"""

import json
import os
import sys

import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from .fixtures import Llama

FAMILIES = {"llama": ("tiny-llama", lambda: LlamaForCausalLM(LlamaConfig(**Llama.config.to_dict() | {"tie_word_embeddings": True})))}
LENGTHS = (2, 5, 9, 12)


def texts(vocabulary):
    """Token ids: texts of random tokens, and each without one of them."""
    random = torch.Generator().manual_seed(3)
    made = []
    for length in LENGTHS:
        text = torch.randint(3, vocabulary, (length,), generator=random).tolist()
        made += [text] + [text[:i] + text[i + 1:] for i in range(length)]
    return made


def log_probabilities(model, made):
    """Of each token after the first, given those before it; the batch is padded on the right."""
    longest = max(map(len, made))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in made])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in made])
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits
    chosen = torch.log_softmax(logits.double(), -1)[:, :-1].gather(2, ids[:, 1:, None])[:, :, 0]
    return [[round(p, 7) for p in row[: len(text) - 1].tolist()] for row, text in zip(chosen, made)]


def main(folder, *families):
    for family in families or FAMILIES:
        name, build = FAMILIES[family]
        model = build().eval()
        stored = load_file(os.path.join(folder, name, "model.safetensors"))
        missing, unexpected = model.load_state_dict(stored, strict=False)
        assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
        model.tie_weights()
        made = texts(model.config.vocab_size)
        lines = [json.dumps({"tokens": text, "log_probabilities": p}) for text, p in zip(made, log_probabilities(model, made))]
        with open(os.path.join(folder, name, "causal.parity.json"), "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
