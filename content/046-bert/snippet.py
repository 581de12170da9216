# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""BERT fills in hidden words from both sides; its loss looks at the chosen positions alone."""

import os
from collections import Counter
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))

# %% In short
PAD, CLS, SEP, MASK, FIRST = range(5)  # ids below FIRST are no words


def mask_tokens(tokens: torch.Tensor, vocab: int, share: float = 0.15) -> tuple[torch.Tensor, torch.Tensor]:
    # hole: mask-tokens
    chosen = (torch.rand_like(tokens, dtype=torch.float) < share) & (tokens >= FIRST)
    kind = torch.rand_like(tokens, dtype=torch.float)
    inputs = tokens.masked_fill(chosen & (kind < 0.8), MASK)
    inputs = torch.where(chosen & (kind >= 0.9), torch.randint_like(tokens, FIRST, vocab), inputs)
    labels = tokens.masked_fill(~chosen, -100)  # -100: cross_entropy leaves these out
    # end
    return inputs, labels  # each (N, L)


class Bert(nn.Module):
    def __init__(self, vocab: int, size: int = 32, heads: int = 2, longest: int = 16) -> None:
        super().__init__()
        self.word, self.position, self.segment = (nn.Embedding(n, size) for n in (vocab, longest, 2))
        self.norm, self.head = nn.LayerNorm(size), nn.Linear(size, vocab)
        self.encoder = nn.TransformerEncoderLayer(size, heads, 64, 0.0, "gelu", batch_first=True)  # BERT has 12

    def forward(self, tokens: torch.Tensor, segments: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.word(tokens) + self.position.weight[: tokens.shape[1]] + self.segment(segments)  # harmless: no sign
        return self.encoder(self.norm(x), mask, src_key_padding_mask=tokens == PAD)  # (N, L, E); mask None: both sides

    def loss(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(self.head(hidden).flatten(0, 1), labels.flatten())  # of logits (N * L, V)


# %% The masking, counted
text = torch.randint(FIRST, 30_000, (400, 500), device=device)
text[:, 0], text[:, 1], text[:, -1] = CLS, SEP, PAD
for share in (0.15, 0.4):
    inputs, labels = mask_tokens(text, 30_000, share)
    chosen = labels != -100
    assert not chosen[:, [0, 1, -1]].any(), "[CLS], [SEP] and padding are never chosen"
    assert torch.equal(labels.where(chosen, inputs), text), "the label is the true word; what is not chosen stays"
    masked, kept = inputs == MASK, chosen & (inputs == text)
    noise = inputs[chosen & ~masked].float()
    part, *kinds = chosen.sum() / (text >= FIRST).sum(), *(each.sum() / chosen.sum() for each in (masked, kept))
    print(f"chosen {part:.3f} of the words: {kinds[0]:.2f} of these [MASK], {kinds[1]:.2f} kept, the others random")
    assert abs(part - share) < 0.01 and abs(kinds[0] - 0.8) < 0.02 and abs(kinds[1] - 0.1) < 0.02
    assert noise.min() >= FIRST and noise.max() > 29_700 and abs(noise.mean() - 15_000) < 900, "any word"
    bars = [one.float().mean(axis).std() for one in (chosen, masked, kept) for axis in (0, 1)]
    assert min(bars) > 0.003 and max(bars) < 0.06, "each word on its own: no whole rows or columns, no quota a row"

# %% A toy grammar: in each of two clauses, the article agrees with the noun's gender
GENDERS, NOUNS, ARTICLE, NOUN, VOCAB = 4, 12, FIRST, FIRST + 4, FIRST + 4 + 12  # ids: articles, then nouns
SEGMENTS = torch.tensor([0, 0, 0, 0, 1, 1, 1], device=device)
causal = torch.ones(7, 7, dtype=torch.bool, device=device).triu(1)  # True = ignore: each sees itself and the left
nouns = torch.arange(NOUNS, device=device)


def sentences(pairs: torch.Tensor) -> torch.Tensor:  # (N, 2) nouns, one for each clause
    words = torch.stack([ARTICLE + pairs % GENDERS, NOUN + pairs, torch.full_like(pairs, SEP)], -1)
    return F.pad(words.flatten(1), (1, 0), value=CLS)  # (N, 7): [CLS] article noun [SEP] article noun [SEP]


# %% Both sides, and where the loss looks
net = Bert(VOCAB).to(device)
tokens = sentences(torch.cartesian_prod(nouns, nouns))  # (144, 7)
assert tokens[0].tolist() == [CLS, ARTICLE, NOUN, SEP, ARTICLE, NOUN, SEP]
other = tokens.index_fill(1, torch.tensor(5, device=device), MASK)  # the second noun hidden
for mask, first in ((None, 0), (causal, 5)):
    moved = (net(tokens, SEGMENTS, mask) - net(other, SEGMENTS, mask)).abs().amax((0, 2)) > 1e-5  # harmless: tiny
    assert moved.tolist() == [place >= first for place in range(7)], "a later word changes all; under a causal mask not"
plain = net(tokens, SEGMENTS)
assert not torch.allclose(net(tokens, 1 - SEGMENTS)[:, 1], plain[:, 1]), "segments are added to words"
assert not torch.allclose(net(tokens.flip(1), SEGMENTS.flip(0)).flip(1), plain), "and so are positions"
assert torch.allclose(net(F.pad(tokens, (0, 3)), F.pad(SEGMENTS, (0, 3)))[:, :7], plain, atol=1e-4), (
    "padding is ignored"
)
inputs, labels = mask_tokens(tokens, VOCAB)
hidden = net(inputs, SEGMENTS)
(gradient,) = torch.autograd.grad(net.loss(hidden, labels), hidden)
assert torch.equal(gradient.abs().sum(-1) > 0, labels != -100), "no other output is trained, [CLS] neither"
assert net.loss(hidden, torch.full_like(labels, -100)).isnan(), "nothing chosen: 0 / 0"


# %% Fine-tuning: a new head on [CLS], four labelled nouns, eight others to test on
def finetune(net: Bert) -> float:
    tokens, label = sentences(nouns[:, None]), nouns % GENDERS  # (12, 4)
    tokens[:, 1] = MASK  # the noun alone tells
    head = nn.Linear(32, GENDERS).to(device)
    optimizer = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=1e-3, fused=True)
    for _ in range(40):
        loss = F.cross_entropy(head(net(tokens[:4], SEGMENTS[:4])[:, 0]), label[:4])  # harmless: any output
        optimizer.zero_grad()  # harmless: 40 steps on four sentences, a sum of gradients does as well
        loss.backward()
        optimizer.step()
    return (head(net(tokens[4:], SEGMENTS[:4])[:, 0]).argmax(-1) == label[4:]).float().mean().item()  # harmless: any


# %% Pretraining, with each part left out in turn
def pretrain(seed: int, variant: str, mask: torch.Tensor | None) -> list[float]:
    torch.manual_seed(seed)
    train, test = torch.cartesian_prod(nouns, nouns)[torch.randperm(NOUNS**2).to(device)].split([96, 48])
    net, seen = Bert(VOCAB).to(device), torch.zeros(NOUNS, NOUNS, dtype=torch.bool, device=device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.005, fused=True)
    for _ in range(120):
        pairs = train[torch.randint(96, (96,), device=device)]
        seen[*pairs.mT], tokens = True, sentences(pairs)
        inputs, labels = mask_tokens(tokens, VOCAB)
        inputs = tokens.masked_fill(labels != -100, MASK) if variant == "[MASK] only" else inputs
        loss = net.loss(net(inputs, SEGMENTS, mask), tokens if variant == "loss on all" else labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens, truth, scores = sentences(test), ARTICLE + test[:, 1] % GENDERS, []
    assert not seen[*(tokens[:, [2, 5]] - NOUN).mT].any(), "no pair of nouns that is scored was seen in training"
    intact = net.loss(net(tokens, SEGMENTS, mask), tokens.masked_fill(tokens < FIRST, -100)).item()  # harmless: on all
    for put in (torch.full_like(truth, MASK), ARTICLE + (truth - ARTICLE + 1) % GENDERS):  # harmless: any wrong one
        tokens[:, 4] = put
        guess = net.head(net(tokens, SEGMENTS, mask)[:, 4]).argmax(-1)
        scores.append((guess == (put if scores else truth)).float().mean().item())
    return [*scores, intact, loss.item(), finetune(net)]


result = []
for variant, mask in (("BERT", None), ("causal", causal), ("[MASK] only", None), ("loss on all", None)):
    result.append(torch.tensor([pretrain(seed, variant, mask) for seed in (0, 1)]).mean(0).tolist())
    print("{:<11} filled {:.2f}  copied {:.2f}  intact {:.2f}  loss {:.2f}  tuned {:.2f}".format(variant, *result[-1]))
bert, left, only, everywhere = result
assert 1 >= bert[0] > 0.75 and left[0] < 0.4, "what comes later decides, and only BERT sees it"
assert everywhere[1] > bert[1] + 0.3 and everywhere[3] < 0.4 * bert[3], "a loss on all is small, and teaches copying"
assert only[2] > 1.1 * bert[2], "without kept and random words, what is not hidden is read worse"
fresh = sum(finetune(Bert(VOCAB).to(device)) for _ in range(4)) / 4
print(f"fine-tuned from random weights: {fresh:.2f}")
assert bert[4] > 0.6 > 0.45 > fresh, "pretraining had sorted the nouns; four labels name the heaps"


# %% Where tokens come from: one step of byte-pair encoding
def joined(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out = ()
    for symbol in symbols:
        out = (*out[:-1], out[-1] + symbol) if (*out[-1:], symbol) == pair else (*out, symbol)
    return out


def merge_pairs(words: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    # hole: merge-pairs
    counts = Counter()
    for symbols, times in words.items():
        for pair in pairwise(symbols):
            counts[pair] += times
    best = min(counts, key=lambda pair: (-counts[pair], pair))  # of equal ones the first in the alphabet
    return {joined(symbols, best): times for symbols, times in words.items()}
    # end


words = {tuple("talk"): 4, tuple("walked"): 6, tuple("wall"): 2, tuple("a"): 50, tuple("axe"): 1}
assert [*merge_pairs(merge_pairs(words))][:3] == [("t", "alk"), ("w", "alk", "e", "d"), ("w", "al", "l")]
assert merge_pairs({tuple("aaa"): 1}) == {("aa", "a"): 1}, "from the left"
pieces = {tuple("cdcd"): 2, tuple("pq"): 1, tuple("pqr"): 1, tuple("pqs"): 1}  # cd: 4 times, in one word; pq: 3
assert [*merge_pairs(pieces)][:2] == [("cd", "cd"), ("p", "q")] and [*merge_pairs(pieces).values()] == [2, 1, 1, 1]
assert merge_pairs({tuple("cd"): 2, tuple("ab"): 2}) == {("c", "d"): 2, ("ab",): 2}, "on a tie the alphabet decides"
