"""A padded batch as a packed one: what a graph for others to run takes, from Hugging Face's two inputs."""

import torch


def packed(input_ids, attention_mask):
    """Give the packed inputs of a batch [B, L] that is padded on the right: every slot is a token of its own.

    Padding costs time but changes nothing: no token of a text may see it.
    """
    texts, longest = input_ids.shape
    token = torch.arange(texts * longest).reshape(texts, longest)
    text = torch.arange(texts)[:, None].expand(texts, longest)
    position = torch.arange(longest)[None, :].expand(texts, longest)
    filled = attention_mask != 0
    flat = lambda x: x.reshape(-1)
    return {
        "input_ids": flat(input_ids), "position_ids": flat(position), "token_text": flat(text), "token_row": flat(text),
        "token_column": flat(position), "row_tokens": token, "row_text": torch.where(filled, text, -1), "text_tokens": token,
        "first_tokens": token[:, 0], "text_mask": filled.to(torch.float32),
    }
