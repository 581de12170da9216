# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A GPT gives probabilities for the next token; it writes by drawing one, feeding it back, and keeping a cache."""

import math
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads only wait
torch.set_default_device(os.environ.get("KB_DEVICE", "cpu"))  # harmless: the default on a CPU
close = torch.testing.assert_close


# %% In short
def probabilities(logits, temperature=1.0, top_k=0, top_p=1.0):  # (..., V); top_k=0 and top_p=1 keep every token
    # hole: sample
    values, order = (logits / temperature).sort(descending=True)
    values[..., top_k or values.shape[-1] :] = -torch.inf  # the k best stay
    probs = values.softmax(dim=-1)
    if top_p < 1:
        probs[probs.cumsum(dim=-1) - probs >= top_p] = 0  # the better ones have p together: this one goes
    probs = probs.scatter(-1, order, probs / probs.sum(dim=-1, keepdim=True))  # back to their places
    # end
    return probs  # (..., V)


@torch.no_grad()
def generate(model, ids, longest, end, **how):  # ids (N, T): prompts of one length; longest counts them, too
    done, new, cache = torch.zeros_like(ids[:, :1], dtype=torch.bool), ids, None  # done: (N, 1)
    while ids.shape[1] < longest and not done.all():  # harmless: the second condition saves time, no more
        logits, cache = model(new, cache)  # first the whole prompt (prefill), then one token; logits (N, T_new, V)
        probs = probabilities(logits[:, -1].float(), **how)  # 16 bits are too coarse for top-p
        new = torch.multinomial(probs, 1).masked_fill(done, end)  # (N, 1)
        ids, done = torch.cat([ids, new], dim=1), new == end  # a row that has ended writes `end` again
    return ids


# %% Temperature, then top-k, then top-p, by hand
logits, same = torch.tensor([[[1.0, 4, 2, 3]], [[194, 2, 1, 3]]]).log().repeat(2, 1, 1, 1)  # (2, 1, 4): of 10, of 200
cases = [(1e-3, 0, 1), (0.5, 2, 1), (1, 9, 1), (1, 0, 0.75), (1, 0, 0.05), (1, 3, 0.75), (0.5, 0, 0.75), (2, 2, 0.55)]
kept = ["0100 1000", "0101 1001", "1111 1111", "0111 1000", "0100 1000", "0101 1000", "0101 1000", "0101 1000"]
for case, marks in zip(cases, kept, strict=True):  # towards temperature 0 the best token takes all
    stays = torch.tensor([[[mark == "1" for mark in row]] for row in marks.split()])
    close(probabilities(logits, *case), (same / case[0]).masked_fill(~stays, -torch.inf).softmax(dim=-1))
assert (probabilities(9 * torch.randn(99, 999)) > 0).all(), "top_p=1 keeps all, though rounded sums reach 1 too early"


# %% The model
def attend(q, k, v, cache):  # of the new tokens: (..., T_new, d); cache: None, or keys and values of the old
    # hole: cached-step
    if cache is not None:
        k, v = torch.cat([cache[0], k], dim=-2), torch.cat([cache[1], v], dim=-2)  # (..., T_old + T_new, d)
    mask = q.new_ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(k.shape[-2] - q.shape[-2])  # True = attend
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    # end
    return out, (k, v)


class Block(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads, self.qkv, self.mix = heads, nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, x, cache, attend):  # (N, T_new, E); q, k, v: (N, heads, T_new, E / heads)
        out, cache = attend(*self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4), cache)
        x = x + self.mix(out.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x)), cache


class GPT(nn.Module):
    def __init__(self, vocab, longest, size=32, heads=4, layers=2, attend=attend):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, size), nn.Embedding(longest, size)
        self.blocks, self.attend = nn.ModuleList(Block(size, heads) for _ in range(layers)), attend
        self.head = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, vocab))

    def forward(self, ids, cache=None):  # (N, T_new) -> logits (N, T_new, V) and the longer cache
        cache = list(cache or [None] * len(self.blocks))
        start = cache[0][0].shape[2] if cache[0] else 0  # T_old  # harmless: all the parts are as long
        x = self.embed(ids) + self.position(torch.arange(start, start + ids.shape[1], device=ids.device))
        for i, block in enumerate(self.blocks):
            x, cache[i] = block(x, cache[i], self.attend)
        return self.head(x), cache


q, k, v = torch.randn(3, 2, 7, 4)  # each (N, T, d)
full, cache = F.scaled_dot_product_attention(q, k, v, is_causal=True), None
for *new, wanted in zip(*(part.split([3, 1, 2, 1], dim=1) for part in (q, k, v, full)), strict=True):
    out, cache = attend(*new, cache)
    close(out, wanted)
close(torch.stack(cache), torch.stack([k, v]))  # the old ones first


def next_token_loss(logits, ids):  # (N, T, V) for ids (N, T)
    # hole: next-token-loss
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), ignore_index=PAD)
    # end
    return loss


words, PAD, END, V = "<pad> <end> this these big red old dog cat dogs cats sees see".split(), 0, 1, 13
odds = torch.tensor([[[1, 1, 2], [2, 1, 5], [7, 1, 1]], [[1, 2, 1], [1, 9, 4], [8, 3, 1]]])  # one mean over 3 targets
close(next_token_loss(odds.log(), torch.tensor([[1, 2, 2], [1, 0, 2]])).item(), -math.log(2 / 4 * 5 / 8 * 4 / 14) / 3)


# %% Beam search
def beam_step(scores, log_probs, ended, end):  # (N, B), (N, B, V), (N, B)
    # hole: beam-step
    steps = log_probs.masked_fill(ended[:, :, None], -torch.inf)
    steps[:, :, end].masked_fill_(ended, 0)  # an ended beam goes on with `end` alone, at no cost
    scores, place = (scores[:, :, None] + steps).flatten(1).topk(steps.shape[1])  # the best of B * V
    beam, token = place // steps.shape[-1], place % steps.shape[-1]
    # end
    return beam, token, scores  # (N, B), best first


scores, ended = torch.tensor([[0, -torch.inf], [-1, -2], [-1, -0.5]]), torch.tensor([[0, 0], [0, 1], [0, 1]]) == 1
logs = torch.tensor([[[-0.5, -1.2, -2]] * 2, [[-3, -4, -0.5], [-0.1] * 3], [[-0.2, -0.3, -4], [-0.1] * 3]])
wanted = ([[0, 0], [0, 1], [1, 0]], [[0, 1], [2, 1], [1, 0]], [[-0.5, -1.2], [-1.5, -2], [-0.5, -1.2]])
close(beam_step(scores, logs, ended, END), tuple(map(torch.tensor, wanted)))

# %% A toy language of 1600 sentences, all equally likely; a quarter is held out
some = ["", " big", " red", " old", " big red", " big old", " red big", " red old", " old big", " old red"]
one, many = ([f"{a}{few} {n}{s}" for few in some for n in ("dog", "cat")] for a, s in (("this", ""), ("these", "s")))
legal = [f"{who} {verb} {whom}" for all_, verb in ((one, "sees"), (many, "see")) for who in all_ for whom in one + many]
ids = nn.utils.rnn.pad_sequence([torch.tensor([END, *map(words.index, text.split()), END]) for text in legal], True)
held_out, train = ids[torch.randperm(1600)].split([400, 1200])  # (400, 11), (1200, 11)
unseen = {" ".join(words[token] for token in row if token > END) for row in held_out.tolist()}


def write(net, **how):  # 500 sentences: the share of right ones, of right and held out ones, how many differ
    made = generate(net, torch.tensor([[END, 2], [END, 3]] * 250), 11, END, **how)[:, 1:]  # "this", "these"
    made = [" ".join(words[token] for token in row).replace(" <end>", "") for row in made.tolist()]
    return sum(text in legal for text in made) / 500, sum(text in unseen for text in made) / 500, len(set(made))


# %% Training, with the mask and without
model, x = GPT(V, 11), held_out
leaky = GPT(V, 11, attend=lambda q, k, v, cache: (F.scaled_dot_product_attention(q, k, v), None))  # harmless: no mask
first, unmasked = (next_token_loss(net(x)[0], x).item() for net in (model, leaky))
for net, steps in ((model, 250), (leaky, 100)):
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for step in range(1, steps + 1):
        batch = train[torch.randint(1200, (32,))]
        assert not (batch[:, None] == x).all(dim=2).any(), "what is held out is never trained on"
        loss = next_token_loss(net(batch)[0], batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.3f}")
loss, leak = (next_token_loss(net(x)[0], x).item() for net in (model, leaky))
best = 400 * math.log(1600) / (x[:, 1:] != PAD).sum().item()  # per token; a sentence is one of 1600
print(f"start {first:.2f}, without mask {unmasked:.2f}, log V {math.log(V):.2f}; trained {loss:.3f}, best {best:.3f}")
for how in ({"top_k": 1}, {"temperature": 0.5}, {"top_p": 0.9}, {"temperature": 2.0}, {}):
    right, new, different = write(model, **how)
    print(f"{how}: {right:.3f} are right, {new:.3f} right and held out, {different} different ones")
    assert different == 2 if "top_k" in how else right < 0.6 if 2.0 in how.values() else right > (0.98 if how else 0.8)
assert max(first, unmasked) - math.log(V) < 0.5 and best < loss < best + 0.08 and right < 0.985 and 0.12 < new < 0.35
layer = nn.TransformerEncoderLayer(32, 4, 128, 0.0, "gelu", batch_first=True, norm_first=True)
own, future = nn.TransformerEncoder(layer, 2, nn.LayerNorm(32), False), torch.ones(11, 11, dtype=torch.bool).triu(1)
own.load_state_dict(dict(zip(own.state_dict(), [*model.blocks.parameters(), *model.head[0].parameters()], strict=True)))
close(model.head[1](own(model.embed(x) + model.position.weight, future)), model(x)[0], atol=1e-4, rtol=1e-4)
start, cache = model(x[:, :4])  # the same in two pieces, and the first four positions do not see the rest
close(torch.cat([start, model(x[:, 4:], cache)[0]], dim=1), model(x)[0], atol=1e-4, rtol=1e-4)
model.attend, leaky.attend = leaky.attend, attend
alone = next_token_loss(leaky(x)[0], x).item()
print(f"trained without the mask: loss {leak:.3f} on held-out ones, and {alone:.2f} where it sees the past alone")
assert (model(x[:, :4])[0] - model(x)[0][:, :4]).abs().max() > 0.1 and leak < best / 4 and alone > 2 * best
