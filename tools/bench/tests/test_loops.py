"""The loops of PyTorch that mslora is timed beside compute the same gradients."""

import copy
import random

import pytest
import torch
from transformers import BertConfig

from authors import AuthorsLoop
from plain import Loop, padded

LENGTHS = (3, 9, 5, 7)


def config():
    tiny = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=16,
                      hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=2, pad_token_id=0)
    tiny._attn_implementation = "sdpa"
    return tiny


def batch(seed, lengths=LENGTHS):
    draw = random.Random(seed)
    return [{"Tokens": [draw.randrange(1, 50) for _ in range(n)], "Label": draw.randrange(2)} for n in lengths]


def loops(method, **other):
    """A plain loop and another with the same weights."""
    torch.manual_seed(1)
    plain = Loop(config(), method)
    with torch.no_grad():  # modules that begin with zero would leave gradients out
        for p in plain.trained:
            p.add_(torch.randn_like(p) * 0.02)
    second = other.pop("kind", Loop)(config(), method, **other)
    second.model.load_state_dict(copy.deepcopy(plain.model.state_dict()))
    return plain, second


def gradients(loop, auxiliary=None):
    loop.backward(batch(2), auxiliary)
    return [p.grad for p in loop.trained]


@pytest.mark.parametrize("method", ["musclelora", "ga+lora", "ga"])
def test_loop_of_the_public_code(method):
    plain, authors = loops(method, kind=AuthorsLoop)
    for want, got in zip(gradients(plain, batch(3)), gradients(authors, batch(3)), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-8)
    assert any(g.abs().max() > 0 for g in gradients(authors, batch(3)))


def test_loop_of_the_public_code_aligns_to_a_large_loss_only(monkeypatch):
    plain, authors = loops("musclelora", kind=AuthorsLoop)
    monkeypatch.setattr("authors.LOSS", 100.0)
    for want, got in zip(gradients(plain), gradients(authors, batch(3)), strict=True):
        torch.testing.assert_close(got, want)


def test_alignment_has_the_direction_of_trusted_texts():
    plain, clean = loops("musclelora")
    clean.backward(batch(3), None)
    for aligned, p in zip(gradients(plain, batch(3)), clean.trained, strict=True):
        torch.testing.assert_close(torch.nn.functional.cosine_similarity(aligned.flatten(), p.grad.flatten(), dim=0), torch.tensor(1.0))


def test_bfloat16_is_near():
    plain, half = loops("lora+mslr", precision="bfloat16")
    loss = half.loss(batch(2))
    assert loss.item() == pytest.approx(plain.loss(batch(2)).item(), rel=0.02)
    assert loss.item() != plain.loss(batch(2)).item()
    assert all(g.dtype == torch.float32 for g in gradients(half))


def test_the_learning_rate_of_the_public_code_falls():
    loop = AuthorsLoop(config(), "musclelora", steps=4)
    rates = []
    for seed in range(4):
        rates.append(loop.optimizer.param_groups[0]["lr"])
        loop.step(batch(seed), batch(9))
    assert rates == pytest.approx([2e-5, 1.5e-5, 1e-5, 0.5e-5])


def test_padding():
    made = padded(batch(2), 0)
    assert made["input_ids"].shape == (4, 9)
    assert made["attention_mask"].sum(1).tolist() == list(LENGTHS)
    assert (made["input_ids"] * (1 - made["attention_mask"])).sum() == 0
