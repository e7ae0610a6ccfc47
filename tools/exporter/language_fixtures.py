"""Parity fixtures of causal graphs: log-probabilities of an unmodified, padded Hugging Face language model.

The weights are those of the tiny model of the family in FOLDER; that of GPT-2 is made here. Texts are made as ONION makes them: one, and the same without each of
its tokens.

usage: python -m exporter.language_fixtures FOLDER [FAMILY...]      (in tools/; FOLDER is graphs/testdata)
"""

import json
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from .fixtures import VOCABULARY, Llama

GPT2 = GPT2Config(vocab_size=VOCABULARY, n_positions=20, n_embd=36, n_layer=2, n_head=3, n_inner=50, bos_token_id=1, eos_token_id=2)
FAMILIES = {
    "llama": ("tiny-llama", lambda: LlamaForCausalLM(LlamaConfig(**Llama.config.to_dict() | {"tie_word_embeddings": True}))),
    "gpt2": ("tiny-gpt2", lambda: GPT2LMHeadModel(GPT2)),
}
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


def make_gpt2(place):
    """Random weights, with biases and gains that are not 0 and 1."""
    os.makedirs(place, exist_ok=True)
    torch.manual_seed(5)
    model = GPT2LMHeadModel(GPT2)
    weights = {n: w + 0.1 * torch.randn(w.shape) for n, w in model.state_dict().items() if n != "lm_head.weight"}
    save_file(weights, os.path.join(place, "model.safetensors"))
    GPT2.to_json_file(os.path.join(place, "config.json"), use_diff=False)


def main(folder, *families):
    for family in families or FAMILIES:
        name, build = FAMILIES[family]
        if family == "gpt2":
            make_gpt2(os.path.join(folder, name))
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
