"""Models of a real shape with random weights, for shapes whose weights a benchmark does not need to fetch."""

import os
import shutil

import torch
from safetensors.torch import save_file
from transformers import AutoModel, LlamaConfig, RobertaConfig

CONFIGS = {
    # The tokenizer's frame, 101 and 102, instead of RoBERTa's: mslora insists that both agree.
    "roberta-base": RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, bos_token_id=101, eos_token_id=102),
    "smollm2-135m": LlamaConfig(vocab_size=49152, hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
                                intermediate_size=1536, max_position_embeddings=8192, rms_norm_eps=1e-5, rope_theta=100000.0),
}


def made(name, folder, models):
    """The folder of a model of that name below folder, written if it is not there. Its tokenizer is MiniLM's: only the number of
    tokens matters."""
    folder = os.path.join(folder, name)
    if os.path.exists(os.path.join(folder, "config.json")):
        return folder
    torch.manual_seed(0)
    scratch = folder + ".tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    model = AutoModel.from_config(CONFIGS[name])
    save_file({n: w.contiguous() for n, w in model.state_dict().items()}, os.path.join(scratch, "model.safetensors"), metadata={"format": "pt"})
    model.config.save_pretrained(scratch)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(os.path.join(models, "minilm", file), os.path.join(scratch, file))
    os.replace(scratch, folder)
    return folder
