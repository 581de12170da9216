# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Two text classifiers whose answer does not depend on padding: a TextCNN sees phrases, a Transformer any distance."""

import os
import warnings

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
torch.backends.cudnn.allow_tf32 = False  # on a GPU, TF32 convolutions are too coarse to compare
torch.set_default_device(os.environ.get("KB_DEVICE"))  # harmless: None, so the CPU; naming it slows each call
close = torch.testing.assert_close


# %% In short
class TextCNN(nn.Module):
    def __init__(self, vocab, classes, size=32, kernels=(3, 5)):  # even ones: padding="same"
        super().__init__()
        self.embed = nn.Embedding(vocab, size)
        self.convs = nn.ModuleList(nn.Conv1d(size, size, k, padding=k // 2) for k in kernels)
        self.head = nn.Linear(len(kernels) * size, classes)

    def forward(self, tokens, real):  # (N, L) long; (N, L) bool, True at tokens -> (N, classes)
        x = self.embed(tokens).masked_fill(~real[..., None], 0).mT  # (N, E, L)
        x = torch.cat([conv(x) for conv in self.convs], dim=1)
        x = x.masked_fill(~real[:, None], float("-inf")).amax(dim=2)  # max over time
        return self.head(x.relu())


class TextTransformer(nn.Module):
    def __init__(self, vocab, classes, size=32, longest=512):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, size), nn.Embedding(longest, size)
        layer = nn.TransformerEncoderLayer(size, 4, 2 * size, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, nn.LayerNorm(size), enable_nested_tensor=False)
        self.head = nn.Linear(size, classes)

    def forward(self, tokens, real):  # as above
        x = self.embed(tokens) + self.position.weight[: tokens.shape[1]]  # (N, L, E)
        x = self.encoder(x, src_key_padding_mask=~real)  # here True = ignore
        x = x.masked_fill(~real[..., None], 0).sum(dim=1) / real.sum(dim=1, keepdim=True).clamp(min=1)
        return self.head(x)


# %% The two poolings, for any features and any mask
def masked_max(x, real):  # (N, L, C), (N, L) bool -> (N, C)
    # hole: masked-max
    top = x.masked_fill(~real[..., None], float("-inf")).amax(dim=1)
    return top.masked_fill(~real.any(dim=1)[:, None], 0)  # nothing real: zeros
    # end


def masked_mean(x, real):  # (N, L, C), (N, L) bool -> (N, C)
    # hole: masked-mean
    total = x.masked_fill(~real[..., None], 0).sum(dim=1)
    return total / real.sum(dim=1, keepdim=True).clamp(min=1)
    # end


x = torch.tensor([[[-3, 5], [-1, 0], [8, 8]], [[4, -4], [9, 9], [-6, -8]], [[-2, -6e4], [7, 7], [9, 9]], [[1, 1]] * 3])
real = torch.tensor([[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 0]]).bool()  # in the last row nothing
wins = torch.tensor([[[0.0, 1], [1, 0], [0, 0]], [[1, 1], [0, 0], [0, 0]], [[1, 1], [0, 0], [0, 0]], [[0, 0]] * 3])
shares = (real / torch.tensor([[2], [2], [1], [1]]))[..., None].expand(4, 3, 2)
top, mean = torch.tensor([[[-1.0, 5], [4, -4], [-2, -6e4], [0, 0]], [[-2, 2.5], [-1, -6], [-2, -6e4], [0, 0]]])
for dtype in (torch.float32, torch.float64, torch.float16):
    for filler in (0.0, 6e4, float("nan"), float("inf"), float("-inf")):
        given = torch.where(real[..., None], x, torch.tensor(filler)).to(dtype)
        for pool, wanted, slope in (masked_max, top, wins), (masked_mean, mean, shares):
            asked = x.masked_fill(~real[..., None], filler).to(dtype).requires_grad_()
            out, one = pool(asked, real), pool(given[..., :1], real)  # one feature
            close((out, one, asked), (wanted.to(dtype), out[:, :1], given), equal_nan=True, msg="padding is ignored")
            close(torch.autograd.grad(out.sum(), asked)[0], slope.to(dtype), msg="padding gets no gradient")
tokens, table = torch.randint(6, (40, 9)), torch.randn(6, 5) - 3
for mode, pool in ("max", masked_max), ("mean", masked_mean):  # torch has both for rows of a table
    close(pool(table[tokens], tokens != 0), F.embedding_bag(tokens, table, mode=mode, padding_idx=0))

# %% Alone or in a batch, with little padding or much: the same logits
nets = TextCNN(30, 2), TextTransformer(30, 2)
texts = [torch.randint(1, 30, (n,)) for n in (7, 1, 4, 2)]
batch = nn.utils.rnn.pad_sequence(texts, batch_first=True)  # (4, 7), padded with 0
for net in nets:
    alone = torch.cat([net(text[None], text[None] != 0) for text in texts])
    for wide in (batch, F.pad(batch, (0, 30))):
        close(net(wide, wide != 0), alone)
        close(net(wide.masked_fill(wide == 0, 5), wide != 0), alone)  # a word at the padding, the same mask
    assert net(0 * batch, 0 * batch != 0).isfinite().all(), "a text without words gets finite logits"
e, below = nets[1].encoder, -1 - torch.rand(4, 7, 32)  # all activations negative
assert below.max() < 0 and not (below * (batch != 0)[..., None]).amax(1)[1:].any(), "zeros win against them"
close(masked_max(below, batch != 0)[2], below[2, :4].amax(0))
assert sum(p.numel() for p in e.parameters()) == 8608 and e.layers[0].norm_first and not e.enable_nested_tensor


# %% Data: word 1 before word 2, or after it; one or two places apart, or four or five
def draw(count, gaps):
    length, gap = torch.randint(10, 17, (count, 1)), torch.tensor(gaps)[torch.randint(len(gaps), (count, 1))]
    tokens, label = torch.randint(3, 30, (count, 16)), torch.randint(2, (count, 1))
    first = 2 + (torch.rand(count, 1) * (length - gap - 4)).long()  # not at the edges, which a kernel could notice
    tokens.scatter_(1, torch.cat([first, first + gap], dim=1), torch.cat([1 + label, 2 - label], dim=1))
    return tokens.masked_fill(torch.arange(16) >= length, 0), label[:, 0]


class Bag(nn.Embedding):
    def forward(self, tokens, real):  # a row of logits for each word, and their mean
        return masked_mean(super().forward(tokens), real)


def train(net, tokens, labels, steps):
    assert (tokens.sum(dim=1) % 10 > 0).all(), "no text of the test is trained on"
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for step in range(1, steps + 1):
        some = torch.randint(len(labels), (64,))
        loss = F.cross_entropy(net(tokens[some], tokens[some] != 0), labels[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.4f}")


tokens, labels = (torch.cat(pair) for pair in zip(draw(3000, (1, 2)), draw(3000, (4, 5)), strict=True))
held, near = tokens.sum(dim=1) % 10 == 0, torch.arange(6000) < 3000  # harmless: <= is one text more
nets = {"bag of words": Bag(30, 2), "TextCNN": TextCNN(30, 2, kernels=(3,)), "Transformer": TextTransformer(30, 2)}
for name, net in nets.items():
    train(net, tokens[~held], labels[~held], steps=50 if name == "bag of words" else 150)

# %% Held-out texts: with the mask, then without it, with zeros at the padding or what three other texts left there
near, tokens, labels = near[held], tokens[held], labels[held]
assert (tokens.sum(dim=1) % 10 == 0).all() and not near.all() and not tokens.all(), "held out"
used = torch.cat([tokens] + [tokens.roll(shift, 0) for shift in (1, 2, 3)], dim=1)  # (N, 64)
real = F.pad(tokens, (0, 48)) != 0
every, right, ways = torch.ones_like(real), {}, {"masked": (real, real)}
ways |= {"no mask": (every, every), "attention masked": (real, every)}
ways |= {"mean masked": (every, real), "attention inverted": (~real, real)}


@torch.no_grad()
def logits(net, tokens, attend, pool):  # the Transformer has two places for a mask, the other nets have one
    if not isinstance(net, TextTransformer):
        return net(tokens, attend)
    x = net.embed(tokens) + net.position.weight[: tokens.shape[1]]
    return net.head(masked_mean(net.encoder(x, src_key_padding_mask=~attend), pool))


for name, net in nets.items():
    for way in list(ways)[: 5 if name == "Transformer" else 2]:
        zeros, words = (logits(net, filled, *ways[way]) for filled in (used * real, used))
        moved = (zeros - net(tokens, tokens != 0)).abs().max().item()  # harmless: some logits rise
        guesses = (zeros[near], labels[near]), (zeros[~near], labels[~near]), (words[near], labels[near])
        a, b, c = ((out.argmax(dim=1) == label).float().mean().item() for out, label in guesses)
        print(f"{name}, {way}: near {a:.1%}, far {b:.1%}, near with leftovers {c:.1%}; logits moved by {moved:.1f}")
        assert (moved < 1e-4) == (way == "masked"), "only the mask hides padding"
        right[name, way] = a, b, c
(bag, cnn, both), off = ([right[name, way] for name in nets] for way in ("masked", "no mask"))
assert bag[0] < 0.62 and cnn[0] > 0.97 and cnn[1] < 0.62 and min(both) > 0.8, "order: none, two places, any distance"
assert max(off[1][2], off[2][2], *right["Transformer", "attention inverted"]) < 0.85 < off[1][0], "it reads padding"

# %% The polarity of the mask, and what the fast path of evaluation does
h, real, attention = torch.randn(4, 7, 32), batch != 0, nets["Transformer"].encoder.layers[0].self_attn
q, k, v = F.linear(h, attention.in_proj_weight, attention.in_proj_bias).unflatten(2, (3, 4, 8)).permute(2, 0, 3, 1, 4)
out = F.scaled_dot_product_attention(q, k, v, attn_mask=real[:, None, None])  # here True = attend
close(attention.out_proj(out.transpose(1, 2).flatten(2)), attention(h, h, h, key_padding_mask=~real)[0])
fast = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True), 1)
in_training, pad = fast(h, src_key_padding_mask=~real), (~real).float()  # pad: 1.0 at padding
assert (fast(h, src_key_padding_mask=pad) - in_training)[real].abs().max() > 0.01, "1.0 is added to the scores"
torch.set_default_device(None)  # a default device switches the fast path off
with torch.no_grad(), warnings.catch_warnings(action="ignore"):  # harmless: a warning
    quick, by_float = (fast.eval()(h, src_key_padding_mask=mask) for mask in (~real, pad))
close((quick[real], by_float), (in_training[real], quick))  # in evaluation 1.0 means ignore
assert not quick[~real].any() and in_training[~real].all(), "zeros at padding, where training has other numbers"
