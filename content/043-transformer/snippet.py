# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A Transformer block is attention and an MLP, each behind a LayerNorm and added back; order must be put in."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)  # tighter tolerances
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: the default on a CPU
close = torch.testing.assert_close
N, L, T, E, HEADS = 3, 7, 5, 16, 4  # batch, source tokens, target tokens, size of a token, heads


# %% In short
class Classifier(nn.Module):
    def __init__(self, vocab, classes, size=32, heads=4, layers=2, longest=64):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, size), nn.Embedding(longest, size)
        layer = nn.TransformerEncoderLayer(size, heads, 4 * size, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(size), enable_nested_tensor=False)
        self.head = nn.Linear(size, classes)

    def forward(self, tokens):  # (N, L), 0 = padding
        padding = tokens == 0  # (N, L), True = ignore
        x = self.embed(tokens) + self.position.weight[: tokens.shape[1]]  # (N, L, E)
        x = self.encoder(x, src_key_padding_mask=padding)  # (N, L, E)
        x = x.masked_fill(padding[..., None], 0).sum(1) / (~padding).sum(1, keepdim=True)  # mean over real tokens
        return self.head(x)  # (N, classes)


# %% LayerNorm: each token by its own mean and variance
def layer_norm(x, weight, bias, eps):  # (..., E), (E,), (E,)
    # hole: layer-norm
    centred = x - x.mean(-1, keepdim=True)
    var = centred.square().mean(-1, keepdim=True)  # biased: divided by E
    out = centred / (var + eps).sqrt() * weight + bias
    # end
    return out  # (..., E)


scale, shift = torch.randn(2, E)
for x in (torch.randn(E), torch.randn(2, N, L, E), 1e-3 * torch.randn(N, E), torch.ones(N, E)):
    x.requires_grad_()
    mine, wanted = layer_norm(x, scale, shift, 1e-5), F.layer_norm(x, (E,), scale, shift)
    close(mine, wanted)
    close(*(torch.autograd.grad(out[..., 0].sum(), x) for out in (mine, wanted)))


# %% An encoder block, opened up: attention and MLP, each behind a norm and added to what came in
def attend(attention, queries, keys, padding):  # here True = ignore
    return attention(queries, keys, keys, key_padding_mask=padding, need_weights=False)[0]  # harmless: faster


def encoder_block(part, x, padding):  # the parts of an nn.TransformerEncoderLayer, (N, L, E), (N, L) or None
    # hole: pre-norm-block
    h = part.norm1(x)
    x = x + attend(part.self_attn, h, h, padding)
    x = x + part.linear2(F.gelu(part.linear1(part.norm2(x))))
    # end
    return x  # (N, L, E)


def make(kind, norm_first=True):
    made = kind(E, HEADS, 4 * E, 0.0, "gelu", batch_first=True, norm_first=norm_first)
    for name, p in made.named_parameters():  # harmless: see below
        nn.init.normal_(p, mean=float("norm" in name), std=0.3)  # harmless: biases of 0 would hide mistakes
    return made


pre, post = (make(nn.TransformerEncoderLayer, norm_first) for norm_first in (True, False))
post.load_state_dict(pre.state_dict())
x, valid = torch.randn(N, L, E), torch.tensor([L, 4, 2])
padding = torch.arange(L) >= valid[:, None]  # (N, L), True = ignore
before, out, blind = x.clone(), encoder_block(pre, x, padding), encoder_block(pre, x, None)  # harmless: a copy
close((out, blind, x), (pre(x, src_key_padding_mask=padding), pre(x), before))  # the caller's x is left as it is
h = pre.norm1(x + attend(pre.self_attn, x, x, padding))
close(post(x, src_key_padding_mask=padding), pre.norm2(h + pre.linear2(F.gelu(pre.linear1(h)))))  # the default
assert not torch.allclose(post(x, src_key_padding_mask=padding), out, atol=0.1), "and another function"
for i, n in enumerate(valid):
    close(out[i, :n], pre(x[i : i + 1, :n])[0])  # each sample comes out as if it were alone
    assert n == L or not torch.allclose(blind[i, :n], out[i, :n], atol=1e-2), "without the mask, padding is read"
count = sum(p.numel() for p in pre.parameters())
assert count == 4 * (E * E + E) + (4 * E * E + 4 * E) + (4 * E * E + E) + 2 * (E + E) == 12 * E**2 + 13 * E
wrong = nn.TransformerEncoderLayer(E, HEADS, E, 0.0)  # batch_first is False
assert not torch.allclose(wrong(torch.cat([x[:1], 1 - x[1:]]))[0], wrong(x)[0], atol=1e-3), "samples are mixed"


# %% A decoder block: causal self-attention, then cross-attention to the memory, which is the encoder's output
def decoder_block(part, x, memory, future, padding):  # (N, T, E), (N, S, E), (T, T), (N, S)
    h = part.norm1(x)
    x = x + part.self_attn(h, h, h, attn_mask=future, need_weights=False)[0]  # harmless: faster
    x = x + attend(part.multihead_attn, part.norm2(x), memory, padding)  # queries from x, keys and values from memory
    return x + part.linear2(F.gelu(part.linear1(part.norm3(x))))


part, target, future = make(nn.TransformerDecoderLayer), torch.randn(N, T, E), torch.ones(T, T).triu(1).bool()
close(decoder_block(part, target, x, future, padding), part(target, x, future, memory_key_padding_mask=padding))
print(f"encoder block and decoder block by hand equal torch's layers; {count} parameters in the encoder block")

# %% nn.Transformer: both stacks, and nothing that knows an order
model, order = nn.Transformer(E, HEADS, 2, 2, E, 0.0, batch_first=True), torch.tensor([6, 0, 4, 2, 5, 1, 3])
assert {type(m) for m in model.modules()}.isdisjoint({nn.Embedding}) and not list(model.buffers())
close(model.encoder(x[:, order]), model.encoder(x)[:, order])  # permuted tokens in, permuted outputs out
close(model(x[:, order], target, tgt_mask=future), model(x, target, tgt_mask=future))  # the decoder sees no change
twice = torch.stack([x, x.masked_fill(padding[..., None], 9.0)])  # other numbers in the padding
masks = {"tgt_mask": future, "src_key_padding_mask": padding}
close(*(model(each, target, **masks, memory_key_padding_mask=padding) for each in twice))
assert not torch.allclose(*(model(each, target, **masks) for each in twice), atol=1e-3), "the decoder reads padding"


# %% Positions: sines and cosines of falling frequencies
def sinusoidal(length, size):
    # hole: sinusoidal-positions
    rates = 10000 ** (-torch.arange(0, size, 2, device=device) / size)  # (size / 2,), from 1 # harmless: device
    angles = torch.arange(length, device=device)[:, None] * rates  # (length, size / 2)
    table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # a sine and its cosine side by side
    # end
    return table  # (length, size)


assert (sinusoidal(2, 4)[1] - torch.tensor([0.84147098, 0.54030231, 0.00999983, 0.99995])).abs().max() < 2e-7
table = sinusoidal(50, E).double()
assert table.shape == (50, E) and sinusoidal(1, 2).tolist() == [[0, 1]] and not table.requires_grad
close(table.square().sum(1), torch.full((50,), E / 2), rtol=1e-4, atol=0)  # all of one length
close((table[:-8] * table[8:]).sum(1), (table[0] @ table[8]).expand(42), rtol=1e-4, atol=0)  # distance alone
assert not torch.allclose(model.encoder((x + table[:L])[:, order]), model.encoder(x[:, order] + table[:L]), atol=1e-2)


# %% A task of order: does token 1 come before token 2? With learnt positions, with sinusoidal ones, without
def draw(count):  # at most 12 of 50 tokens
    tokens = torch.randint(3, 50, (count, 12))
    tokens[torch.arange(12) >= torch.randint(6, 13, (count, 1))] = 0  # padding
    two = (torch.rand(count, 12) * (tokens > 0)).topk(2).indices  # two places in each row
    tokens.scatter_(1, two, torch.tensor([[1, 2]]).expand(count, 2))
    return tokens, (two[:, 0] < two[:, 1]).long()  # (count, 12), (count,) # harmless: or 0 for 1


def fit(net, tokens, labels):
    assert not (tokens[:, None] == test[0]).all(2).any(), "no test sequence is trained on"
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)  # what is frozen has no gradient
    for _ in range(150):
        some = torch.randint(len(labels), (32,))
        loss = F.cross_entropy(net(tokens[some]), labels[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


train, (tokens, labels) = draw(2000), draw(200)
mirror = torch.where((tokens == 1) | (tokens == 2), 3 - tokens, tokens)  # 1 and 2 change places: the other label
test = tokens, labels = torch.cat([tokens, mirror]), torch.cat([labels, 1 - labels])
real = (tokens > 0).long()
assert torch.equal(real.cumprod(1), real) and not real.all(), "padding stands at the end"
right, scores = {}, {}
for name, table in ("no", torch.zeros(64, 32)), ("learnt", None), ("sinusoidal", sinusoidal(64, 32)):
    net = Classifier(50, 2, layers=1)
    if table is not None:
        net.position = nn.Embedding.from_pretrained(table.double())  # frozen
    net = fit(net, *train)
    scores[name] = net(tokens).detach()  # (400, 2) # harmless: saves memory
    right[name] = (scores[name].argmax(1) == labels).double().mean().item()
    print(f"{name} positions: {right[name]:.2f} of the new sequences right")
    close(net(F.pad(tokens, (0, 20))), scores[name])  # more padding changes nothing
assert min(right["learnt"], right["sinusoidal"]) > 0.8 and right["no"] < 0.6, "without positions it can only guess ..."
close(scores["no"][:200], scores["no"][200:])  # ... because both orders get the same scores
x = net.embed(tokens) + net.position.weight[:12]  # the recipe, by hand
x = layer_norm(encoder_block(*net.encoder.layers, x, tokens == 0), net.encoder.norm.weight, net.encoder.norm.bias, 1e-5)
close(net.head((x * real[..., None]).sum(1) / real.sum(1, keepdim=True)), scores[name])
assert net.encoder.layers[0].linear1.out_features == 4 * 32 and not net.encoder.enable_nested_tensor
assert net(torch.zeros_like(tokens)).isnan().all(), "padding alone has no mean"
