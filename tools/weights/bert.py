"""A BERT encoder as a Hugging Face folder whose bytes depend on nothing but weights, vocabulary and heads."""

import json
import os
import re

from weights import safetensors
from weights.tensor import FLOAT32

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def from_tensorflow(tensors):
    """Give the tensors of a TensorFlow BERT under Hugging Face's names; its kernels are [in, out], theirs [out, in]."""
    renamed = {}
    for name, tensor in tensors.items():
        parts = name.removeprefix("module/").replace("layer_", "layer/").split("/")
        if parts[-1] == "kernel":
            parts[-1], tensor = "weight", tensor.transposed()
        elif parts[-1].endswith("_embeddings"):
            parts.append("weight")
        renamed[".".join(parts)] = tensor
    return renamed


def encoder(tensors, pooler):
    """Give the tensors that mslora reads, under the names of transformers' BertModel, the pooler's only if wanted.

    What else a file holds is left out: heads of pretraining, and the position numbers that old releases stored.
    """
    kept = {}
    for name, tensor in tensors.items():
        name = re.sub(r"\.gamma$", ".weight", re.sub(r"\.beta$", ".bias", name.removeprefix("bert.")))  # old names
        if not name.startswith(("embeddings.", "encoder.") + (("pooler.",) if pooler else ())) or name.endswith(".position_ids"):
            continue
        if tensor.dtype != FLOAT32:
            raise ValueError(f"tensor {name} is {tensor.dtype}, expected {FLOAT32}")
        kept[name] = tensor
    return kept


def write(folder, tensors, vocabulary, heads):
    """Write an uncased model; tensors as encoder gives them, vocabulary in the order of ids."""
    os.makedirs(folder, exist_ok=True)
    safetensors.write(os.path.join(folder, "model.safetensors"), tensors)
    texts = {
        "config.json": encode(config(tensors, heads)) + "\n",
        "tokenizer.json": encode(tokenizer(vocabulary)),
        "tokenizer_config.json": encode(tokenizer_config()) + "\n",
        "vocab.txt": "".join(token + "\n" for token in vocabulary),
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


def encode(value):
    return json.dumps(value, indent=2, ensure_ascii=False)


def config(tensors, heads):
    """Give config.json; what the weights' shapes do not tell is the same in every BERT."""
    vocabulary, hidden = tensors["embeddings.word_embeddings.weight"].shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": len({name.split(".")[2] for name in tensors if name.startswith("encoder.layer.")}),
        "num_attention_heads": heads,
        "intermediate_size": tensors["encoder.layer.0.intermediate.dense.weight"].shape[0],
        "max_position_embeddings": tensors["embeddings.position_embeddings.weight"].shape[0],
        "type_vocab_size": tensors["embeddings.token_type_embeddings.weight"].shape[0],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "pad_token_id": 0,
    }


def tokenizer_config():
    """Give tokenizer_config.json."""
    roles = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    return {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, **roles}


def tokenizer(vocabulary):
    """Give tokenizer.json of the uncased WordPiece tokenizer, fields in the order in which the library writes them."""
    ids = {token: number for number, token in enumerate(vocabulary)}
    missing = [token for token in SPECIAL if token not in ids]
    if missing:
        raise ValueError(f"the vocabulary has no {', '.join(missing)}")

    def special(token, type_id):
        return {"SpecialToken": {"id": token, "type_id": type_id}}

    def text(name, type_id):
        return {"Sequence": {"id": name, "type_id": type_id}}

    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    single = [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": ids[token], "content": token, **plain} for token in SPECIAL],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, text("B", 1), special("[SEP]", 1)],
            "special_tokens": {token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    }
