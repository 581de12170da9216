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
    def __init__(self, vocab: int, size: int = 32, heads: int = 2, layers: int = 1, longest: int = 16) -> None:
        super().__init__()
        self.word, self.position, self.segment = (nn.Embedding(n, size) for n in (vocab, longest, 2))
        for table in (self.word, self.position, self.segment):
            nn.init.normal_(table.weight, std=0.1)  # BERT: 0.02, at size 768
        self.norm = nn.LayerNorm(size)
        block = nn.TransformerEncoderLayer(size, heads, 2 * size, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, tokens: torch.Tensor, segments: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.word(tokens) + self.position.weight[: tokens.shape[1]] + self.segment(segments)
        return self.encoder(self.norm(x), mask, src_key_padding_mask=tokens == PAD)  # (N, L, E); mask None: both sides

    def loss(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits = hidden @ self.word.weight.mT + self.bias  # (N, L, V), the word table serves twice
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


# %% The masking, counted
VOCAB = 30_000
text = torch.randint(FIRST, VOCAB, (400, 500), device=device)
text[:, 0], text[:, 1], text[:, -1] = CLS, SEP, PAD
for share in (0.15, 0.4):
    before = text.clone()
    inputs, labels = mask_tokens(text, VOCAB, share)
    chosen = labels != -100
    assert torch.equal(text, before) and not chosen[:, [0, 1, -1]].any(), "[CLS], [SEP] and padding are never chosen"
    assert torch.equal(inputs[~chosen], text[~chosen]), "what is not chosen stays"
    assert torch.equal(labels[chosen], text[chosen]), "the label is the word that stood there"
    masked, kept = chosen & (inputs == MASK), chosen & (inputs == text)
    noise = inputs[chosen & ~masked & ~kept].float()
    part = chosen.sum().item() / (text >= FIRST).sum().item()
    kinds = [count / chosen.sum().item() for count in (masked.sum().item(), len(noise), kept.sum().item())]
    print(f"chosen {part:.3f} of the words: {kinds[0]:.2f} [MASK], {kinds[1]:.2f} random, {kinds[2]:.2f} kept")
    assert abs(part - share) < 0.01 and abs(kinds[0] - 0.8) < 0.02 and abs(kinds[2] - 0.1) < 0.02
    assert noise.min() >= FIRST and noise.max() > 0.99 * VOCAB and abs(noise.mean() / VOCAB - 0.5) < 0.03, "any word"
    for event in (chosen, masked, kept):
        for axis in (0, 1):  # drawn for whole rows or columns, or a quota a row, the shares would spread otherwise
            assert 0.003 < event[:, 2:-1].float().mean(axis).std() < 0.04, "each word on its own"
assert not torch.equal(mask_tokens(text, VOCAB)[1], labels), "every call hides other words"

# %% A toy grammar: article and verb agree with the noun's gender; now and then a neutral word stands for either
GENDERS, NOUNS = 4, 12
ARTICLE, NOUN, VERB = FIRST, FIRST + GENDERS, FIRST + GENDERS + NOUNS
NEUTRAL = VERB + GENDERS  # a neutral article, then a neutral verb
VOCAB = NEUTRAL + 2
SEGMENTS = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1], device=device)


def sentences(nouns: torch.Tensor, neutral: float = 0.3) -> torch.Tensor:  # (N, 2) nouns, one for each clause
    gender = nouns % GENDERS
    article, verb = ARTICLE + gender, VERB + gender
    article = article.where(torch.rand(nouns.shape, device=device) >= neutral, NEUTRAL)
    verb = verb.where(torch.rand(nouns.shape, device=device) >= neutral, NEUTRAL + 1)
    clauses = torch.stack([article, NOUN + nouns, verb, torch.full_like(nouns, SEP)], -1).flatten(1)
    return F.pad(clauses, (1, 0), value=CLS)  # (N, 9): [CLS] article noun verb [SEP] article noun verb [SEP]


causal = torch.ones(9, 9, dtype=torch.bool, device=device).triu(1)  # True = ignore: each sees itself and the left


# %% Both sides, and where the loss looks
net = Bert(VOCAB).to(device)
tokens = sentences(torch.randint(NOUNS, (64, 2), device=device))
other = tokens.clone()
other[:, 7] = NEUTRAL + 1 - (tokens[:, 7] > NEUTRAL).long() * 2  # another word, near the end
moved = (net(tokens, SEGMENTS) - net(other, SEGMENTS)).abs().amax((0, 2))  # (9,)
assert (moved > 1e-4).all(), "a later word changes every output, the first one's too"
moved = (net(tokens, SEGMENTS, causal) - net(other, SEGMENTS, causal)).abs().amax((0, 2))
assert (moved[:7] < 1e-5).all() and moved[7] > 1e-4, "with a causal mask it changes none before itself"
assert not torch.allclose(net(tokens, SEGMENTS)[:, 1], net(tokens, 1 - SEGMENTS)[:, 1]), "segments are added to words"
longer = net(F.pad(tokens, (0, 3), value=PAD), F.pad(SEGMENTS, (0, 3)))[:, :9]
torch.testing.assert_close(longer, net(tokens, SEGMENTS), atol=1e-4, rtol=1e-4, msg="padding is not looked at")

inputs, labels = mask_tokens(tokens, VOCAB)
hidden = net(inputs, SEGMENTS)
hidden.retain_grad()
loss = net.loss(hidden, labels)
loss.backward()
chosen = labels != -100
lines = (hidden[chosen] @ net.word.weight.mT + net.bias).log_softmax(-1)
torch.testing.assert_close(loss, -lines.gather(1, labels[chosen][:, None]).mean(), msg="a mean over the chosen alone")
assert torch.equal(hidden.grad.abs().sum(-1) > 0, chosen), "no other output is trained, [CLS] neither"
assert net.loss(hidden, torch.full_like(labels, -100)).isnan(), "nothing chosen: 0 / 0"


# %% Pretraining, with each part left out in turn
STEPS = 120


def pretrain(seed: int, variant: str) -> tuple[Bert, list[float]]:
    torch.manual_seed(seed)
    mask = causal if variant == "causal" else None
    pairs = torch.cartesian_prod(*[torch.arange(NOUNS, device=device)] * 2)[torch.randperm(NOUNS**2).to(device)]
    train, test = pairs.split([96, 48])
    assert not (train[:, None] == test).all(-1).any(), "no pair of nouns is in both"
    net = Bert(VOCAB).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=STEPS)  # up, then down
    for _ in range(STEPS):
        tokens = sentences(train[torch.randint(96, (144,), device=device)])
        inputs, labels = mask_tokens(tokens, VOCAB)
        if variant == "[MASK] only":
            inputs = tokens.masked_fill(labels != -100, MASK)
        loss = net.loss(net(inputs, SEGMENTS, mask), tokens if variant == "loss on all" else labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        tokens = sentences(test.repeat(20, 1))  # (960, 9)
        truth = test.repeat(20, 1)[:, 1] % GENDERS
        intact = net.loss(net(tokens, SEGMENTS, mask), tokens.masked_fill(tokens < FIRST, -100)).item()
        scores = []
        for put in (torch.full_like(truth, MASK), ARTICLE + (truth + 1) % GENDERS):  # hidden; the wrong article
            tokens[:, 5] = put
            logits = net(tokens, SEGMENTS, mask)[:, 5] @ net.word.weight.mT + net.bias
            guess = logits[:, ARTICLE:NOUN].argmax(-1)
            scores += [(guess == truth).float().mean().item(), (ARTICLE + guess == put).float().mean().item()]
    return net, [scores[0], scores[3], intact, loss.item()]


VARIANTS = ("BERT", "causal", "[MASK] only", "loss on all")
runs = {variant: [pretrain(seed, variant) for seed in (0, 1)] for variant in VARIANTS}
result = {variant: torch.tensor([line for _, line in pairs]).mean(0).tolist() for variant, pairs in runs.items()}
for variant, (filled, copied, intact, last) in result.items():
    print(f"{variant:<11} article filled {filled:.2f}  wrong copied {copied:.2f}  intact {intact:.2f}  loss {last:.2f}")
bert, left, only, everywhere = result.values()
assert bert[0] > 0.75 and left[0] < 0.4, "what comes later decides, and only BERT sees it"
assert bert[1] < 0.6 and everywhere[1] > 0.9, "a loss on all words teaches copying"
assert everywhere[3] < 0.4 * bert[3] and everywhere[0] < bert[0], "its loss is small, and it fills in worse"
assert only[2] > 1.1 * bert[2], "without kept and random words, what is not hidden is read worse"


# %% Fine-tuning: a new head on [CLS], four labelled nouns, eight others to test on
def finetune(net: Bert, seed: int) -> float:
    torch.manual_seed(seed)
    nouns = torch.arange(NOUNS, device=device)
    tokens, label = sentences(nouns[:, None], neutral=1.0), nouns % GENDERS  # (12, 5), the noun alone tells
    train, test = nouns.split([GENDERS, NOUNS - GENDERS])
    assert not torch.isin(test, train).any(), "no tested noun had a label"
    head = nn.Linear(32, GENDERS).to(device)
    optimizer = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=1e-3)
    for _ in range(40):
        loss = F.cross_entropy(head(net(tokens[train], SEGMENTS[:5])[:, 0]), label[train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return (head(net(tokens[test], SEGMENTS[:5])[:, 0]).argmax(-1) == label[test]).float().mean().item()


tuned = sum(finetune(net, seed) for seed, (net, _) in enumerate(runs["BERT"])) / 2
fresh = sum(finetune(Bert(VOCAB).to(device), seed) for seed in (0, 1, 2)) / 3
print(f"genders of eight unlabelled nouns right: {tuned:.2f} after pretraining, {fresh:.2f} without")
assert tuned > 0.65 > 0.5 > fresh, "pretraining had sorted the nouns; four labels name the heaps"


# %% Where tokens come from: one step of byte-pair encoding
def joined(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


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
for expected in ("t al k / w al k e d / w al l", "t alk / w alk e d / w al l", "t alk / w alke d / w al l"):
    words = merge_pairs(words)
    assert " / ".join(" ".join(symbols) for symbols in [*words][:3]) == expected
print("after three merges:", expected)
assert merge_pairs({tuple("aaa"): 1}) == {("aa", "a"): 1}, "from the left"
assert merge_pairs({tuple("cdcd"): 2, tuple("ab"): 3}) == {("cd", "cd"): 2, ("a", "b"): 3}, "twice in each of two"
assert merge_pairs({tuple("ab"): 1, tuple("xy"): 5, tuple("abc"): 1}) == {tuple("ab"): 1, ("xy",): 5, tuple("abc"): 1}
assert merge_pairs({tuple("cd"): 2, tuple("ab"): 2}) == {("c", "d"): 2, ("ab",): 2}, "on a tie the alphabet decides"
