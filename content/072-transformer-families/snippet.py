# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Transformer families differ in the mask, which says who may read whom; here is the block of a current decoder."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads only wait
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close, sdpa, near = torch.testing.assert_close, F.scaled_dot_product_attention, {"rtol": 1e-4, "atol": 1e-4}


# %% In short
class Block(nn.Module):
    def __init__(self, size, heads, kv_heads, hidden):
        super().__init__()
        self.heads, d = (heads, kv_heads, kv_heads), size // heads
        self.norm1, self.norm2 = nn.RMSNorm(size, eps=1e-5), nn.RMSNorm(size, eps=1e-5)
        self.qkv, self.mix = nn.Linear(size, sum(self.heads) * d, bias=False), nn.Linear(size, size, bias=False)
        self.gate, self.up = nn.Linear(size, hidden, bias=False), nn.Linear(size, hidden, bias=False)
        self.down = nn.Linear(hidden, size, bias=False)

    def forward(self, x, at, mask):  # (N, L, E), positions (L,), mask (L, L): True = attend
        qkv = self.qkv(self.norm1(x)).unflatten(-1, (sum(self.heads), -1)).transpose(1, 2)
        q, k, v = qkv.split(self.heads, dim=1)  # (N, heads, L, d), and twice (N, kv_heads, L, d)
        out = F.scaled_dot_product_attention(rotate(q, at), rotate(k, at), v, attn_mask=mask, enable_gqa=True)
        x = x + self.mix(out.transpose(1, 2).flatten(2))  # (N, L, E)
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


# %% RMS norm: divided by the root of the mean square
def rms_norm(x, weight, eps):  # (..., E), (E,)
    # hole: rms-norm
    wide = x.float()  # float16 ends at 65504, and 300 squared is more
    out = (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)).type_as(x) * weight
    # end
    return out  # (..., E), of the dtype of x


close(rms_norm(torch.tensor([[3.0, 4], [0, 0]]), torch.tensor([1.0, 2]), 12.5), torch.tensor([[0.6, 1.6], [0, 0]]))
for dtype, error in (torch.float16, 2e-2), (torch.bfloat16, 2e-2), (torch.float32, 1e-4):  # harmless: cases
    for x in (torch.randn(2, 3, 8) - 1, torch.randn(8) / 30, torch.full((1, 8), 300.0)):  # harmless: cases
        x, weight = x.to(dtype).requires_grad_(), torch.randn(8).to(dtype)
        pair = rms_norm(x, weight, 1e-3), F.rms_norm(x, (8,), weight, 1e-3)
        close(*pair, rtol=error, atol=error)
        close(*(torch.autograd.grad(out[..., 0].sum(), x)[0] for out in pair), rtol=error, atol=error)


# %% Rotary positions: queries and keys are turned by angles that grow with the position
def rotate(x, at, base=10000.0):  # (..., L, d), (L,)
    # hole: rotate
    rates = base ** (-torch.arange(0, x.shape[-1], 2, device=x.device) / x.shape[-1])  # (d / 2,), from 1
    angles = at[:, None] * rates  # (L, d / 2), in float32
    a, b = x.chunk(2, dim=-1)  # number i is turned together with number i + d / 2
    out = torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], dim=-1).type_as(x)
    # end
    return out  # (..., L, d), of the dtype of x


x, (q, k), at = torch.randn(2, 3, 5, 8), torch.randn(2, 5, 8), torch.tensor([2, 1, 7, 40, 300])
by_hand = torch.tensor([[1.0, 2, 3, 4], [-1.41335, 0.72859, -2.82886, 4.41239]])  # as it was; turned by 3 and 0.3
close(rotate(by_hand[:1].expand(2, 4), torch.tensor([0, 3]), 100.0), by_hand, **near)
z = torch.complex(*x.chunk(2, dim=-1)) * torch.polar(torch.ones(5, 4), at[:, None] / torch.tensor([1, 10, 100, 1000]))
close(rotate(x, at), torch.cat([z.real, z.imag], dim=-1), **near)  # multiplied as complex numbers
close(rotate(q, at + 9) @ rotate(k, at + 9).mT, rotate(q, at) @ rotate(k, at).mT, rtol=1e-3, atol=1e-3)
close(rotate(q.bfloat16(), at + 3001), rotate(q, at + 3001).bfloat16(), rtol=0.0, atol=0.1)  # bfloat16 has no 3001


# %% Grouped queries: several query heads read the same keys and values
def grouped_query(q, k, v, mask):  # (N, heads, L, d), (N, kv_heads, S, d) twice, (L, S): True = attend
    # hole: grouped-query
    q = q.unflatten(1, (k.shape[1], -1))  # (N, kv_heads, group, L, d)
    scores = q @ k[:, :, None].mT / q.shape[-1] ** 0.5  # (N, kv_heads, group, L, S)
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    out = (weights @ v[:, :, None]).flatten(1, 2)
    # end
    return out  # (N, heads, L, d)


mask = torch.ones(5, 7, dtype=torch.bool).tril(2)
for heads, kv in (6, 2), (6, 3), (4, 4), (4, 1):  # the last two: MHA and MQA  # harmless: cases
    q, k, v = (torch.randn(2, count, length, 8) for count, length in ((heads, 5), (kv, 7), (kv, 7)))
    one = torch.stack([sdpa(q[:, i], k[:, i * kv // heads], v[:, i * kv // heads], mask) for i in range(heads)], dim=1)
    close((grouped_query(q, k, v, mask), sdpa(q, k, v, mask, enable_gqa=True)), (one, one), **near)  # head by head


# %% SwiGLU, and the mask of a sliding window
def swiglu(x, gate, up, down):  # gate and up: E -> hidden, down: hidden -> E
    # hole: swiglu
    out = down(F.silu(gate(x)) * up(x))
    # end
    return out


wanted = torch.tensor([0.0, 4, -2, 12]).sigmoid() * torch.tensor([0, 8, 8, 120])  # here functions play the layers
close(swiglu(torch.tensor([0.0, 2, -1, 6]), lambda x: 2 * x, lambda x: 1 - x, lambda x: -2 * x), wanted)


def window_mask(queries, keys, width):  # the queries are the last of the keys' tokens
    # hole: window-mask
    at = torch.arange(keys - queries, keys, device=device)[:, None]
    past = at - torch.arange(keys, device=device)  # how many tokens back, (queries, keys)
    mask = (past >= 0) & (past < width)
    # end
    return mask  # (queries, keys), True = attend


def rows(mask):
    return " ".join("".join(map(str, row)) for row in mask.int().tolist())


cases = {(4, 4, 2): "1000 1100 0110 0011", (2, 5, 3): "01110 00111", (1, 6, 4): "001111", (3, 3, 1): "100 010 001",
         (2, 4, 9): "1110 1111", (1, 1, 1): "1"}  # fmt: skip
assert {sizes: rows(window_mask(*sizes)) for sizes in cases} == cases and window_mask(2, 2, 2).dtype == torch.bool


# %% Families: the same block, another mask
def reads(function, x):  # which output token depends on which input token
    slopes = torch.autograd.functional.jacobian(lambda x: function(x)[0, :, 0], x)  # harmless: any number of a token
    return slopes.abs().amax((1, 3)) > 0  # harmless: or sum, or mean


block, x, source, at, full = Block(16, 4, 2, 24), *torch.randn(2, 1, 6, 16), torch.arange(6), torch.ones(6, 6).bool()
masks = {"encoder": full, "decoder": full.tril(), "prefix": full.tril() | (at < 3), "window": window_mask(6, 6, 2)}
for name, mask in masks.items():
    deep = reads(lambda x, mask=mask: block(block(block(x, at, mask), at, mask), at, mask), x)
    print(f"{name}: {rows(mask)}, after three layers {rows(deep)}")
    assert torch.equal(reads(lambda x, mask=mask: block(x, at, mask), x), mask) and masks["prefix"].sum() == 3 * 3 + 15
    assert torch.equal(deep, window_mask(6, 6, 4) if name == "window" else mask), "a window grows by its width - 1"
for p in block.parameters():  # harmless: see below
    nn.init.normal_(p, std=0.5)  # harmless: with norm weights of 1, an exchange of the norms would not show
qkv = block.qkv(rms_norm(x, block.norm1.weight, 1e-5)).unflatten(-1, (8, 4)).transpose(1, 2)
h = grouped_query(rotate(qkv[:, :4], at), rotate(qkv[:, 4:6], at), qkv[:, 6:], mask)
h = x + block.mix(h.transpose(1, 2).flatten(2))
close(block(x, at, mask), h + swiglu(rms_norm(h, block.norm2.weight, 1e-5), block.gate, block.up, block.down), **near)
both, masked = nn.Transformer(16, 4, 1, 1, 32, 0.0, batch_first=True), {"tgt_mask": ~full.tril()}  # here True = ignore
assert torch.equal(reads(lambda x: both(source, x, **masked), x), full.tril()), "a decoder reads its own past ..."
assert torch.equal(reads(lambda source: both(source, x, **masked), source), full), "... and the whole source"
for name, published, *sizes in ("Llama 2 7B", 6_738_415_616, 32, 11008), ("Mistral 7B", 7_241_732_096, 8, 14336):
    with torch.device("meta"):  # shapes without numbers: 32 blocks, the last norm, embedding and head for 32000 tokens
        total = 32 * sum(p.numel() for p in Block(4096, 32, *sizes).parameters()) + 4096 + 2 * 32000 * 4096
    print(f"{name}: {total:,} parameters")
    assert total == published


# %% ViT: an encoder whose tokens are patches
def patchify(images, size):  # (N, C, H, W)
    # hole: patchify
    N, C, H, W = images.shape
    grid = images.reshape(N, C, H // size, size, W // size, size).permute(0, 2, 4, 1, 3, 5)
    patches = grid.reshape(N, -1, C * size * size)
    # end
    return patches  # (N, H / size * W / size, C * size * size)


for shape, size in (((2, 3, 8, 12), 4), ((1, 1, 6, 4), 2), ((3, 2, 5, 5), 5), ((2, 3, 4, 6), 1)):
    images, conv = torch.randn(shape), nn.Conv2d(shape[1], 16, size, stride=size)
    patches = patchify(images, size)
    assert torch.equal(patches, F.unfold(images, size, stride=size).mT)
    close(F.linear(patches, conv.weight.flatten(1), conv.bias), conv(images).flatten(2).mT, **near)


# %% Pre-norm and post-norm at depth: the last layer's gradient, and the size of what flows along the shortcuts
def measure(depth, norm_first, last_norm):
    stack = [nn.TransformerEncoderLayer(32, 4, 128, 0.0, norm_first=norm_first) for _ in range(depth)]
    x = nn.Sequential(*stack)(torch.randn(16, 8, 32))  # (L, N, E)
    out = F.layer_norm(x, (32,)) if last_norm else x
    (out * torch.randn_like(out)).sum().backward()  # harmless: ratios count
    return stack[-1].linear2.weight.grad.norm().item(), x.std().item()  # harmless: or a neighbour


for name, *norms in ("post-norm", False, False), ("pre-norm", True, True), ("pre-norm without last norm", True, False):
    table = torch.tensor([[measure(n, *norms) for _ in range(5)] for n in (2, 8, 32)]).mean(1)  # harmless: or a sum
    print(f"{name}:", ", ".join(f"gradient {slope:.0f}, size {size:.1f}" for slope, size in table))
    slope, size = table[2] / table[0]
    assert slope < 0.6 if norms[1] else 0.75 < slope < 1.3, "the norm at the end divides the gradient, no other"
    assert 1.85 < size < 2.8 if norms[0] else 0.99 < size < 1.01, "pre-norm's sum grows, post-norm's is normalized"
