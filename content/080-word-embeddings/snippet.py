# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An embedding is a table of trained rows, looked up by number; words in like company get like rows."""

import os
import random
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
random.seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close

# %% In short
vocabulary = {"<pad>": 0, "<unk>": 1, "cat": 2, "dog": 3, "sleeps": 4}
embedding = nn.Embedding(len(vocabulary), 8, padding_idx=0)  # row 0: zeros, and no gradient
ids = torch.tensor([[vocabulary.get(word, 1) for word in words] for words in (["dog", "sleeps"], ["horse", "<pad>"])])
vectors = embedding(ids)  # (N, L) of whole numbers -> (N, L, 8)

matrix = torch.randn(5, 8)  # (V, D): ready vectors, a row for each word of the vocabulary
ready = nn.Embedding.from_pretrained(matrix, freeze=True, padding_idx=0)  # freeze=False: trained further


def nearest(word, table, vocabulary, k=3):  # by cosine similarity, the word itself left out
    rows = F.normalize(table, dim=1)
    score = rows @ rows[vocabulary[word]]
    score[vocabulary[word]] = -2
    return [list(vocabulary)[i] for i in score.topk(k).indices.tolist()]


# %% A lookup, and no more: one-hot times the table; out of range is an error
one_hot = F.one_hot(ids, 5).float()  # (2, 2, 5)
close(vectors, one_hot @ embedding.weight)
close(vectors, F.linear(one_hot, embedding.weight.mT))  # nn.Linear(5, 8, bias=False) with the table as its weight
assert ids.tolist() == [[3, 4], [1, 0]] and (vectors[1, 1] == 0).all() and ready.weight.data_ptr() == matrix.data_ptr()
assert not ready.weight.requires_grad and ready.weight[0].any(), "from_pretrained leaves the row of padding as it is"
for wrong, error, text in (
    (torch.tensor([5]), IndexError, "index out of range in self"),
    (torch.tensor([-1]), IndexError, "index out of range in self"),  # embedding.weight[-1] is the last row
    (torch.tensor([1.0]), RuntimeError, "'indices' to have one of the following scalar types: Long, Int; but got"),
):
    try:
        embedding.cpu()(wrong.cpu())
        raise AssertionError("no error")
    except error as caught:
        assert text in str(caught)
embedding.to(device)


# %% The gradient of a lookup: rows that were looked up get what their places send, summed
def lookup_gradient(ids, upstream, rows, padding):  # ids (N, L), upstream (N, L, D) -> (rows, D)
    # hole: lookup-gradient
    gradient = upstream.new_zeros(rows, upstream.shape[-1])
    gradient.index_add_(0, ids.flatten(), upstream.flatten(0, 1))
    gradient[padding] = 0
    return gradient
    # end


for shape, rows in (((1, 1), 3), ((4, 6), 5), ((2, 9), 40)):
    ids = torch.randint(rows, shape)
    ids[0, -1] = 2  # the padding
    for sparse in (False, True):
        table = nn.Embedding(rows, 8, padding_idx=2, sparse=sparse, dtype=torch.double)
        upstream = torch.randn(*shape, 8, dtype=torch.double)
        table(ids).backward(upstream)
        kept = upstream.clone()
        close(lookup_gradient(ids, upstream, rows, 2), table.weight.grad.to_dense())
        assert torch.equal(upstream, kept), "what came from above is not changed"
    touched = table.weight.grad.coalesce().indices()[0]  # of the last one, which is sparse
    assert set(touched.tolist()) <= set(ids.flatten().tolist()), "no row but those that were looked up"
moved = {}
for kind in (torch.optim.Adam, torch.optim.SparseAdam):
    table = nn.Embedding(3, 1, sparse=kind is torch.optim.SparseAdam)
    optimizer = kind(table.parameters(), 0.1)
    for word in (0, 1, 1, 1):  # row 0 is looked up once, row 2 never
        before = table.weight.detach().clone()
        optimizer.zero_grad()
        table(torch.tensor([word])).sum().backward()
        optimizer.step()
    moved[kind.__name__] = (table.weight.detach() != before).flatten().tolist()  # in the last step
print("rows that the last step moves:", moved)
assert moved == {"Adam": [True, True, False], "SparseAdam": [False, True, False]}, "Adam's momentum goes on"


# %% Skip-gram with negative sampling: a word predicts its neighbours, and not random words
def negative_sampling_loss(centre, context, noise):  # (N, D), (N, D), (N, K, D)
    # hole: negative-sampling-loss
    real = (centre * context).sum(1)  # (N,)
    drawn = (noise @ centre[:, :, None])[:, :, 0]  # (N, K)
    return -(F.logsigmoid(real) + F.logsigmoid(-drawn).sum(1)).mean()
    # end


c, o, n = torch.randn(5, 4), torch.randn(5, 4), torch.randn(5, 3, 4)
logits = torch.stack([torch.stack([c[i] @ row for row in (o[i], *n[i])]) for i in range(5)])  # (5, 1 + 3)
truth = torch.tensor([1.0, 0, 0, 0]).expand(5, 4)
close(negative_sampling_loss(c, o, n), 4 * F.binary_cross_entropy_with_logits(logits, truth))
assert negative_sampling_loss(c * 100, o * 100, n * 100).isfinite(), "no logarithm of a rounded zero"
close(negative_sampling_loss(c, o, n[:, :0]), -F.logsigmoid(logits[:, 0]).mean())

people = {("he", "crown"): "king", ("she", "crown"): "queen", ("he", "street"): "man", ("she", "street"): "woman"}
places = {"crown": ["crown", "palace", "throne"], "street": ["street", "shop", "field"]}
sentences = []
for _ in range(2000):
    (pronoun, place), person = random.choice(list(people.items()))
    sentences.append([person, "says", pronoun, "likes", random.choice(places[place])])
    sentences.append(["a", random.choice(["cat", "dog", "cow"]), "eats", random.choice(["hay", "fish", "bread"])])
words = {word: i for i, word in enumerate(sorted({word for sentence in sentences for word in sentence}))}
pairs = torch.tensor([[words[a], words[b]] for s in sentences for i, a in enumerate(s)
                      for j, b in enumerate(s) if i != j])  # fmt: skip  # (P, 2): the window is the sentence
counts = Counter(word for sentence in sentences for word in sentence)
noise_weights = torch.tensor([counts[word] for word in words]) ** 0.75
assert not any({"cat", "dog"} <= set(sentence) for sentence in sentences), "they never meet"


def trained(negatives, steps=300, D=16):
    centre, context = (nn.Embedding(len(words), D) for _ in range(2))  # two tables: as centre, as neighbour
    nn.init.uniform_(centre.weight, -0.1, 0.1)  # from N(0, 1) the start would be seen for long
    nn.init.zeros_(context.weight)
    optimizer = torch.optim.Adam([*centre.parameters(), *context.parameters()], 0.02)
    for step in range(steps + 1):
        a, b = pairs[torch.randint(len(pairs), (512,))].unbind(1)
        drawn = torch.multinomial(noise_weights, 512 * max(negatives, 1), replacement=True).view(512, -1)[:, :negatives]
        loss = negative_sampling_loss(centre(a), context(b), context(drawn))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 150 == 0:
            print(f"negatives={negatives} step={step} loss={loss.item():.2f}")
    return centre.weight.detach()


kinds = [["cat", "dog", "cow"], ["hay", "fish", "bread"], ["crown", "palace", "throne"], ["street", "shop", "field"]]


def likeness(table):  # mean cosine of words of one kind, and of two kinds that stand in the same sentences
    rows = F.normalize(table[[words[word] for kind in kinds for word in kind]], dim=1).view(4, 3, -1)
    cosine = torch.einsum("iad,jbd->iajb", rows, rows)  # (4, 3, 4, 3)
    apart = ~torch.eye(3, dtype=torch.bool)
    within = torch.stack([cosine[kind, :, kind][apart].mean() for kind in range(4)]).mean()
    beside = (cosine[0, :, 1].mean() + cosine[2, :, 3].mean()) / 2
    return within.item(), beside.item()


table = trained(5)
tables = {"trained": table, "without noise words": trained(0), "at the start": torch.randn(len(words), 16)}
for name, rows in tables.items():
    within, beside = likeness(rows)
    print(f"{name}: mean cosine {within:.2f} within a kind, {beside:.2f} between kinds of the same sentences")
    wanted = {"trained": within > 0.95 and beside < 0.8, "without noise words": beside > 0.85}
    assert wanted.get(name, within < 0.5), "noise words keep apart what only stands together"
for kind in kinds:
    assert all(set(nearest(word, table, words, 2)) == set(kind) - {word} for word in kind), kind
target = table[words["king"]] - table[words["man"]] + table[words["woman"]]
score = F.cosine_similarity(table, target[None], dim=1)
score[[words[word] for word in ("king", "man", "woman")]] = -2  # the three are left out, as is usual
print("king - man + woman:", list(words)[score.argmax()])
assert score.argmax() == words["queen"]
