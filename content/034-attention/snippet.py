# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Attention is a weighted mean of values; a mask acts before the softmax, and torch has it in both polarities."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)  # harmless: tighter tolerances
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close, sdpa = torch.testing.assert_close, F.scaled_dot_product_attention
N, HEADS, L, S, D = 2, 4, 6, 9, 8  # batch, heads, queries, keys, size of a head
E = HEADS * D  # what nn.MultiheadAttention calls embed_dim


# %% In short
class SelfAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.mix = nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x, mask):  # (N, L, E); mask: True = attend, broadcasts to (N, heads, L, L)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (N, heads, L, E / heads)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.mix(out.transpose(1, 2).flatten(2))  # (N, L, E)


causal = torch.ones(L, L, dtype=torch.bool, device=device).tril()  # True = attend: itself and the past
valid = torch.arange(L, device=device) < torch.tensor([[L], [3]], device=device)  # (N, L), True = a real token
x = torch.randn(N, L, E, device=device)
layer = SelfAttention(E, HEADS).to(device)
out = layer(x, causal & valid[:, None, None, :])  # (N, L, E)

changed = x.clone()
changed[1, 3:5] = 0
close(layer(changed, causal & valid[:, None, None, :])[1, 5], out[1, 5])  # not even padding sees padding
close(out[1, :3], layer(x[1:, :3], causal[:3, :3])[0])


# %% Attention by hand. mask: True = attend, as in scaled_dot_product_attention
def attend(q, k, v, mask):  # (..., L, D), (..., S, D), (..., S, any), mask broadcasts to (..., L, S)
    # hole: masked-attention
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (..., L, S)
    scores = scores.masked_fill(~mask, float("-inf"))  # before the softmax: exp(-inf) = 0
    weights = scores.softmax(dim=-1)  # over the keys
    # end
    return weights @ v, weights


def randn(*shape):
    return torch.randn(*shape, device=device)


q, k, v = 2 * randn(N, HEADS, L, D), 2 * randn(N, HEADS, S, D), randn(N, HEADS, S, 3)
every = torch.ones(L, S, dtype=torch.bool, device=device)
some = torch.rand(N, 1, L, S, device=device) < 0.6
some[0, 0, 0] = False  # harmless: makes sure that the next line matters
some[..., 0] = True  # no query is left without a key
for mask in (every, some, every.tril()):
    out, weights = attend(q, k, v, mask)  # (N, HEADS, L, 3), (N, HEADS, L, S)
    close(out, sdpa(q, k, v, attn_mask=mask))
    close(weights.sum(dim=-1), torch.ones(N, HEADS, L, device=device))  # each row is a mean's weights
    assert (weights >= 0).all() and not weights.masked_select(~mask).any(), "a masked key has weight 0"
close(attend(q, k, v, every)[0], sdpa(q, k, v))
close(attend(q, k, v, every.tril())[0], sdpa(q, k, v, is_causal=True))
order = torch.randperm(S, device=device)
close(sdpa(q, k[..., order, :], v[..., order, :]), sdpa(q, k, v))  # keys are a set, their order is not seen
print("by hand equals scaled_dot_product_attention: no mask, random mask, causal mask")

# %% Why divide by sqrt(d): the variance of a dot product is d
for d in (4, 64, 512):
    dots = (randn(5000, d) * randn(5000, d)).sum(dim=1)
    print(f"d={d}: variance of q.k {dots.var().item():.1f}, divided by sqrt(d) {(dots / d**0.5).var().item():.2f}")
    assert abs(dots.var().item() / d - 1) < 0.15, "d independent terms of variance 1 each"
queries, keys, values = randn(500, 1, 512).requires_grad_(), randn(500, 16, 512), randn(500, 16, 1)
found = []
for scale in (1.0, 512**-0.5):
    weights = (queries @ keys.mT * scale).softmax(dim=-1)  # (500, 1, 16)
    grads = torch.autograd.grad((weights @ values).sum(), queries)[0].flatten(1).norm(dim=1)  # (500,)
    found.append((weights.amax(dim=-1).mean().item(), grads.quantile(0.5).item(), grads.quantile(0.9).item()))
    print(f"scale {scale:.3f}: mean largest weight {found[-1][0]:.2f}, gradient at a query:", end=" ")
    print(f"median {found[-1][1]:.3f}, 90% quantile {found[-1][2]:.2f}")
(raw_largest, raw_median, raw_high), (largest, median, high) = found
assert raw_largest > 0.85 and largest < 0.4, "unscaled, one key takes nearly all"
assert raw_median < median / 4, "so half of the queries get hardly any gradient ..."
assert raw_high > 10 * median, "... and a tenth of them over ten times the usual one"


# %% Several heads: the module above against nn.MultiheadAttention, with the same weights
mha = nn.MultiheadAttention(E, HEADS, batch_first=True).to(device)
for bias in (mha.in_proj_bias, mha.out_proj.bias):  # harmless: see below
    nn.init.normal_(bias)  # harmless: zero at first, which would hide a mistake
own = SelfAttention(E, HEADS).to(device)
own.qkv.load_state_dict({"weight": mha.in_proj_weight, "bias": mha.in_proj_bias})
own.mix.load_state_dict(mha.out_proj.state_dict())
right = own(x, causal)  # (N, L, E)
close(mha(x, x, x, attn_mask=~causal)[0], right)  # here True = ignore, so the mask is inverted
added = torch.zeros(L, L, device=device).masked_fill(~causal, float("-inf"))
close(mha(x, x, x, attn_mask=added)[0], right)  # a float mask is added to the scores ...
close(sdpa(x, x, x, attn_mask=added), sdpa(x, x, x, attn_mask=causal))  # ... and means the same in both
heads = own.qkv(x).unflatten(-1, (3, HEADS, D)).permute(2, 0, 3, 1, 4)  # (3, N, HEADS, L, D)
close(attend(*heads, causal)[1].mean(dim=1), mha(x, x, x, attn_mask=~causal)[1])  # its weights: mean of the heads
print("four heads by hand equal nn.MultiheadAttention")

# %% The wrong way round raises nothing
weights = sdpa(x, x, torch.eye(L, device=device).expand(N, L, L), attn_mask=~causal)  # with I as values: the weights
assert not weights.tril().any(), "nobody attends to itself or the past: all weight is on the future"
assert not weights[:, -1].any(), "the last query has no key left: SDPA returns zeros"
weights = mha(x, x, x, attn_mask=causal)[1]  # SDPA's mask in MultiheadAttention
assert not weights[:, :-1].tril().any() and weights[:, -1].isnan().all(), "the future again; NaN without a key"
silent = mha(x, x, x, attn_mask=causal, need_weights=False)[0]  # in training it now goes through SDPA
close(silent[:, -1], mha.out_proj.bias.expand(N, -1))  # so zeros again: not even a NaN to notice

# %% No leakage: with the causal mask, changing the future changes nothing
for t in range(L - 1):
    changed = x.clone()
    changed[:, t + 1 :] = randn(N, L - t - 1, E)
    close(own(changed, causal)[:, : t + 1], right[:, : t + 1])
    every = causal.new_ones(L, L)
    assert not torch.allclose(own(changed, every)[:, : t + 1], own(x, every)[:, : t + 1], atol=1e-3), (
        "without it, it does"
    )
print("causal: what comes later has no influence on earlier outputs")

# %% Padding: mask keys, not queries. Every sample comes out as if it were alone
padded = mha(x, x, x, key_padding_mask=~valid)[0]  # True = ignore here too
close(padded, own(x, valid[:, None, None, :]))  # (N, 1, 1, S): the same keys for all heads and queries
close(mha(x, x, x, key_padding_mask=torch.zeros_like(x[:, :, 0]).masked_fill(~valid, float("-inf")))[0], padded)
close(padded[1, :3], mha(x[1:, :3], x[1:, :3], x[1:, :3])[0][0])
mask = causal & valid.flip(1)[:, None, None, :] | torch.eye(L, dtype=torch.bool, device=device)  # padding on the left
close(own(x, mask)[1, -3:], own(x[1:, -3:], causal[:3, :3])[0])
assert mask.any(dim=-1).all(), "every query has a key: itself"
print("padded keys masked: the valid outputs equal those of the short sample alone")
