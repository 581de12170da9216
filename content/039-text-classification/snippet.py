# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Words become row numbers, a text becomes the mean of their rows, a linear head decides; padding must not count."""

import os
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
PAD, UNK, E, C = 0, 1, 16, 2  # two reserved ids, embedding size, classes
close = torch.testing.assert_close


# %% In short
def tokenize(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def build(texts: list[str], min_count: int) -> dict[str, int]:
    counts = Counter(token for text in texts for token in tokenize(text))
    kept = sorted(word for word in counts if counts[word] >= min_count)  # harmless: any order that stays the same
    return {word: i for i, word in enumerate(kept, start=2)}  # 0 and 1 are PAD and UNK


def encode(text: str, vocabulary: dict[str, int]) -> torch.Tensor:
    return torch.tensor([vocabulary.get(token, UNK) for token in tokenize(text)], dtype=torch.long, device=device)


vocabulary = build(["A good film.", "A dull, dull film, is it?"], min_count=1)  # count on the training texts alone
net = nn.Sequential(nn.EmbeddingBag(len(vocabulary) + 2, E, padding_idx=PAD), nn.Linear(E, C)).to(device)
ids = pad_sequence([encode("Good film!", vocabulary), encode("Is it a film?", vocabulary)], batch_first=True)  # (N, L)
logits = net(ids)  # (N, C), for nn.CrossEntropyLoss
assert logits.shape == (2, C)
close(net(nn.functional.pad(ids, (0, 9), value=PAD)), logits, msg="padding has no part in the mean")

# %% Toy reviews: 1 or 3 opinions about named things; the majority is the label (1 is positive)
OPINIONS = (["bad", "dull", "poor", "weak", "awful"], ["good", "great", "fine", "superb", "lovely"])


def pick(options):
    return options[torch.randint(len(options), ()).item()]


def review(label: int) -> str:
    clauses = []
    for side in pick([[label], [label] * 3, [label, label, 1 - label]]):  # harmless: or one side's opinions
        name = pick("kstnmrlv") + pick("aeiou") + pick("kstnmrlv") + pick("aeiou")  # 1600 names: a long tail
        clauses.append(f"the {name} {pick(['film', 'phone', 'hotel', 'soup', 'lamp'])} is {pick(OPINIONS[side])}")
    return " and ".join(clauses).capitalize() + "."


truth = {review(label): label for label in (0, 1) for _ in range(400)}  # a dict: no review twice
texts, labels = list(truth), torch.tensor(list(truth.values()))
train, test = torch.randperm(len(texts)).tensor_split(2)  # split first: the vocabulary is a part of training
assert not set(train.tolist()) & set(test.tolist()), "no review is both trained on and tested with"
train_texts, y = [texts[i] for i in train], labels[train].to(device)
test_texts, y_test = [texts[i] for i in test], labels[test].to(device)


# %% Three vocabularies
twice, every, leaked = build(train_texts, 2), build(train_texts, 1), build(texts, 1)
assert encode("The qwerty FILM!", twice).tolist() == [twice["the"], UNK, twice["film"]], "unknown words share one id"
assert len(encode("好电影", twice)) == 0, "this tokenizer knows Latin letters: it finds none in Chinese text"
assert twice.keys() < every.keys() < leaked.keys(), "only the last one has read the test"


# %% One text, one vector: the mean of its words' rows. PAD only fills the rectangle
def bag(table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    # hole: bag
    real = (ids != PAD).unsqueeze(2)  # (N, L, 1)
    total = (table[ids] * real).sum(dim=1)  # (N, E)
    return total / real.sum(dim=1).clamp(min=1)
    # end


def flatten(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    # hole: starts
    line = torch.cat(rows)  # all ids in one line
    lengths = line.new_tensor([len(row) for row in rows])  # (N,)
    return line, lengths.cumsum(0) - lengths  # the ids, and where each text starts
    # end


line, starts = flatten([torch.tensor(row, dtype=torch.long, device=device) for row in ([7, 8, 9], [], [5, 6], [4])])
assert (line.tolist(), starts.tolist()) == ([7, 8, 9, 5, 6, 4], [0, 3, 3, 5]), (
    "an empty text starts where the next does"
)


layer = nn.EmbeddingBag(len(twice) + 2, E, mode="mean", padding_idx=PAD).to(device)  # harmless: the default
rows = [encode(text, twice) for text in [*train_texts[:8], "good", ""]]  # the last one is empty  # harmless: any rows
padded = pad_sequence(rows, batch_first=True, padding_value=PAD)  # (10, L)  # harmless: PAD is 0
wider = nn.functional.pad(padded, (0, padded.shape[1]), value=PAD)  # (10, 2 * L)  # harmless: PAD is 0
table = layer.weight.detach()  # (V, E)
filled = table.index_fill(0, torch.tensor([PAD], device=device), 1.0)  # a padding row that is not zero
loop = torch.stack([table[row].mean(0) if len(row) else torch.zeros(E, device=device) for row in rows])  # (10, E)
for vectors in (layer(*flatten(rows)), layer(padded), layer(wider), layer(wider.flip(1)), bag(table, wider)):
    close(vectors, loop, msg="the mean of the words, however they are laid out, in any order")
close(bag(filled, padded), loop, msg="whatever the padding row holds")
close(table[wider].mean(1), table[padded].mean(1) / 2, msg="zeros still count in the mean")
print("loop, offsets and padding: the same vectors; padding counted: half the vector in twice the width")


# %% Train an embedding bag and a linear head, and test on texts that were set aside
def learn(name: str, vocabulary: dict[str, int]) -> tuple[float, float, torch.Tensor]:
    embed, head = nn.EmbeddingBag(len(vocabulary) + 2, E, padding_idx=PAD).to(device), nn.Linear(E, C).to(device)
    initial = embed.weight.detach().clone()  # (V, E)
    optimizer = torch.optim.Adam([*embed.parameters(), *head.parameters()], lr=0.02)
    ids = pad_sequence([encode(text, vocabulary) for text in train_texts], batch_first=True)  # (N, L)
    for step in range(1, 81):
        loss = nn.functional.cross_entropy(head(embed(ids)), y)  # logits (N, C)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step={step} {name}={loss.item():.4f}")
    moved, found = (embed.weight != initial).any(dim=1), []  # (V,)  # harmless: Adam moves all of a row
    rare = torch.tensor([UNK, *(i for word, i in vocabulary.items() if word not in twice)], device=device)
    for _ in range(2):
        guess = head(embed(*flatten([encode(text, vocabulary) for text in test_texts]))).argmax(dim=1)  # (N,)
        found.append((guess == y_test).float().mean().item())
        embed.weight.data[rare] = 0  # adds nothing, but is still counted in the mean
    print(f"{name}: {len(vocabulary)} words, test accuracy {found[0]:.3f}, with rare rows at zero {found[1]:.3f}")
    return *found, moved


constant = (y_test == y.bincount().argmax()).float().mean().item()  # harmless: both classes are as frequent
print(f"always the same class: test accuracy {constant:.3f}")
found, _, moved = learn("twice", twice)
assert found > 0.9 and found > constant + 0.3, "on texts it has not seen, far above the constant answer"
assert moved[UNK] and not moved[PAD], "rare words have trained the row of unknown words, padding trains nothing"

# %% Two other vocabularies: every training word; every word of training and test
every_found, every_silent, every_moved = learn("every", every)
leaked_found, leaked_silent, leaked_moved = learn("leaked", leaked)
new = torch.tensor([i for word, i in leaked.items() if word not in every], device=device)  # words of the test alone
assert not every_moved[UNK], "no unknown word in training: its row stays at its random start"
assert len(new) > 100 and not leaked_moved[new].any(), "they have an id, and a row at its random start"
assert found > max(every_found, leaked_found), "words seen once or never get a row, and no knowledge"
assert every_silent > every_found and leaked_silent > leaked_found, "their rows are noise: at zero, the net is better"
